import { sentence } from './text.ts'

const TIMEOUT_MS = 90_000

/** A refusal of the server, or that it cannot be reached, in words for people. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly hint: string | null
  /** by the name of the field */
  readonly fields: Record<string, string>
  /** false only when the server says that nobody could sign in yet */
  readonly hasAdmins: boolean

  constructor(status: number, problem: Problem) {
    super(sentence(problem.detail ?? 'The server gave no reason'))
    this.status = status
    this.code = problem.code ?? 'unknown'
    this.hint = problem.hint ?? null
    this.fields = Object.fromEntries(
      (problem.errors ?? []).map(({ path, message }) => [path, sentence(message)]),
    )
    this.hasAdmins = problem.has_admins !== false
  }
}

interface Problem {
  code?: string
  detail?: string
  hint?: string
  errors?: { path: string; message: string }[]
  has_admins?: boolean
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One call of the admin API. @throws ApiError */
export const call = async <T>(method: Method, path: string, body?: unknown): Promise<T> => {
  const response = await ask(method, path, body)
  if (response.status === 204) return undefined as T
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new ApiError(response.status, answer)
  return answer as T
}

/** A table of the admin API, as a file with the name that the server gives it. @throws ApiError */
export const callForTable = async (path: string): Promise<{ name: string; file: Blob }> => {
  const response = await ask('GET', path, undefined, 'text/csv')
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => ({})))
  const [, name] =
    /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? []
  return { name: name ?? 'table.csv', file: await response.blob() }
}

const ask = async (
  method: Method,
  path: string,
  body: unknown,
  accept = 'application/json',
): Promise<Response> => {
  const payload = body === undefined ? {} : { body: JSON.stringify(body) }
  try {
    return await fetch(`/admin${path}`, {
      method,
      headers: { accept, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...payload,
    })
  } catch {
    throw new ApiError(0, {
      code: 'unreachable',
      detail: 'the server does not answer',
      hint: 'Check your connection. This page tries again by itself.',
    })
  }
}

/** The path of one thing below another: names are data. */
export const at = (...parts: string[]): string =>
  parts.map((part) => `/${encodeURIComponent(part)}`).join('')

/** Asks for a page of a list with these filters, leaving out the empty ones. */
export const withQuery = (path: string, query: Record<string, string | null>): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1])
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

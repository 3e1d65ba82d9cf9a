import { toOpenAPISchema } from '@elysiajs/openapi'
import type { AnyElysia } from 'elysia'
import { z } from 'zod'
import { isOptionalBody } from './body.ts'

const STREAM = 'text/event-stream'

/** What an API says of itself beside its routes and schemas. */
export interface About {
  title: string
  version: string
  description: string
  operatorContact: string | null
  tags: { name: string; description: string }[]
  /** one of them is needed, except where a call says otherwise */
  securitySchemes: Record<string, object>
  /** answers say what is left of the tenant's limits, and the version of a room */
  limited: boolean
  /** status → the codes it comes with, and what they mean */
  meaning: Record<string, string>
  /** the meaning of 404, from the codes for the names in the path */
  notFound: (codes: string[]) => string
  /** the calls that differ: operationId → status → codes and meaning */
  special: Record<string, Record<string, string>>
  /** what a call gives to who asks for it by `Accept`, beside JSON: operationId → media type */
  also: Record<string, 'text/csv' | typeof STREAM>
}

/** The OpenAPI 3.1 document of an application, as text, made from the schemas it validates with. */
export const openApiDocument = (app: AnyElysia, about: About): string => {
  const { paths, components } = toOpenAPISchema(app, { methods: ['options'] }, undefined, {
    zod: jsonSchema,
  })
  const operations = operationsOf(paths as unknown as Paths)
  for (const [path, operation] of operations) complete(path, operation, about)
  const ids = optionalBodies(app)
  for (const [, { operationId, requestBody }] of operations)
    if (requestBody && ids.has(operationId)) requestBody.required = false
  const document = {
    openapi: '3.1.1',
    info: {
      title: about.title,
      version: about.version,
      description: about.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      ...(about.operatorContact === null ? {} : { contact: { name: about.operatorContact } }),
    },
    servers: [{ url: '/', description: 'The server that this document came from' }],
    security: Object.keys(about.securitySchemes).map((name) => ({ [name]: [] })),
    tags: about.tags,
    paths,
    components: {
      securitySchemes: about.securitySchemes,
      headers: headersUsedBy(operations),
      schemas: components.schemas,
    },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Answers with a document that is made when it is first asked for: no start waits for it. */
export const documentRoute = (document: () => string) => {
  let made: string | null = null
  return () => {
    made ??= document()
    return new Response(made, { headers: { 'content-type': 'application/json' } })
  }
}

const jsonSchema = (schema: z.ZodType): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // zod leaves examples out where a transform is below; ours are of what is sent.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {}
      if (examples) jsonSchema.examples = examples as never
      // zod's pattern for a calendar with leap years says no more than the format and fills a screen.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    },
  })
  return rest
}

interface Answer {
  description: string
  content?: Record<string, { schema: { $ref?: string; contentMediaType?: string } }>
  headers?: Record<string, { $ref: string }>
}

interface Operation {
  operationId: string
  responses: Record<string, Answer>
  parameters?: object[]
  requestBody?: { required: boolean }
}

type Paths = Record<string, Record<string, Operation>>

const operationsOf = (paths: Paths): [string, Operation][] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation): [string, Operation] => [path, operation]),
  )

/** What the generator cannot know: what a status means here, problem+json, headers, empty bodies. */
const complete = (path: string, operation: Operation, about: About): void => {
  for (const [status, answer] of Object.entries(operation.responses)) {
    answer.description = meaningOf(path, operation, status, about) ?? answer.description
    answer.headers = headersOf(status, answer, about.limited)
    if (status === '204') delete answer.content
    const json = answer.content?.['application/json']
    if (json?.schema.$ref === '#/components/schemas/Problem') {
      answer.content = { 'application/problem+json': json }
    }
    const [only] = Object.values(answer.content ?? {})
    const type = only?.schema.contentMediaType
    if (only && type !== undefined) answer.content = { [type]: only }
  }
  const also = about.also[operation.operationId]
  if (also) Object.assign(operation.responses['200']?.content ?? {}, { [also]: TEXT })
  if (also === STREAM) operation.parameters?.push(LAST_EVENT_ID)
  if (operation.responses['412'])
    operation.parameters = [...(operation.parameters ?? []), IF_MATCH, IF_NONE_MATCH]
}

/** Parameter of a path → the code of the 404 when there is nothing of this name. */
const NOT_FOUND: Record<string, string> = {
  '{slug}': '`tenant_not_found`',
  '{api_key}': '`key_not_found`',
  '{room}': '`room_not_found`',
  '/sessions/{id}': '`session_not_found`',
  '/tokens/{id}': '`token_not_found`',
  '/webhooks/{id}': '`webhook_not_found`',
  '{delivery}': '`delivery_not_found`',
  '/participants/{identity}': '`participant_not_found`',
  '/bans/{identity}': '`ban_not_found`',
  '{role}': '`role_not_found`',
  '{email}': '`admin_not_found`',
}

const meaningOf = (
  path: string,
  { operationId }: Operation,
  status: string,
  { meaning, notFound, special }: About,
): string | undefined =>
  special[operationId]?.[status] ?? (status === '404' ? notFound(codesOf(path)) : meaning[status])

const codesOf = (path: string): string[] =>
  Object.entries(NOT_FOUND)
    .filter(([part]) => path.includes(part))
    .map(([, code]) => code)

const optionalBodies = (app: AnyElysia): Set<string> =>
  new Set(
    app.routes
      .filter(({ hooks }) => isOptionalBody(hooks.parse))
      .map(({ hooks }) => hooks.detail.operationId),
  )

const TEXT = { schema: { type: 'string' } }

const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description:
    'The `id` of the last event that was read: goes on behind it, whatever `after` says.',
  // Empty it is none.
  schema: { type: 'string', pattern: '^\\d{0,15}$', examples: ['42'] },
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` that the room must still have.',
  schema: { type: 'string' },
}

const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: '`*`: only if there is no room of this name yet.',
  schema: { type: 'string' },
}

const headersOf = (
  status: string,
  answer: Answer,
  limited: boolean,
): Record<string, { $ref: string }> => {
  const isRoom = answer.content?.['application/json']?.schema.$ref === '#/components/schemas/Room'
  const names = [
    'X-Request-Id',
    ...(status === '401' ? ['WWW-Authenticate'] : limited ? RATE_LIMIT : []),
    ...(status === '429' || status === '503' ? ['Retry-After'] : []),
    ...(isRoom && limited ? ['ETag'] : []),
  ]
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

const headersUsedBy = (operations: [string, Operation][]): Record<string, object> => {
  const used = new Set(
    operations.flatMap(([, { responses }]) =>
      Object.values(responses).flatMap(({ headers }) => Object.keys(headers ?? {})),
    ),
  )
  return Object.fromEntries(Object.entries(HEADERS).filter(([name]) => used.has(name)))
}

const RATE_LIMIT = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']

const header = (description: string, schema: object) => ({ description, schema })

const HEADERS = {
  'X-Request-Id': header('Names this request in the log of the server.', { type: 'string' }),
  'RateLimit-Limit': header('Requests of this kind (reads, writes, token requests) per second.', {
    type: 'integer',
  }),
  'RateLimit-Remaining': header('How many of them are left now.', { type: 'integer' }),
  'RateLimit-Reset': header('Seconds until all are left again.', { type: 'integer' }),
  'Retry-After': header('Seconds to wait.', { type: 'integer' }),
  'WWW-Authenticate': header('The kind of credentials that is expected.', { type: 'string' }),
  ETag: header('The version of the room, for `If-Match`.', { type: 'string' }),
}

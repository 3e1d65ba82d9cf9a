const DOCUMENT = '/api/v1/openapi.json'
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
}

interface Row extends Operation {
  method: string
  path: string
}

/** Fills the table of requests from the API's own document. */
export const showOperations = async (body: HTMLElement): Promise<void> => {
  body.replaceChildren(note('Loading…'))
  try {
    const response = await fetch(DOCUMENT)
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    body.replaceChildren(...rowsOf(await response.json()).map(rowElement))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    body.replaceChildren(note(`The document could not be loaded (${reason}). Reload this page.`))
  }
}

const rowsOf = ({ paths }: { paths: Record<string, Record<string, Operation>> }): Row[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    METHODS.flatMap((method) => {
      const operation = operations[method]
      return operation ? [{ ...operation, method, path }] : []
    }),
  )

const rowElement = ({ method, path, operationId, summary, tags }: Row): HTMLElement => {
  const request = element('a', `${method.toUpperCase()} ${path}`)
  // swagger-ui's own addresses, which it opens when it is loaded with deepLinking.
  request.href = `/api/v1/docs#/${encodeURIComponent(tags?.[0] ?? 'default')}/${encodeURIComponent(operationId ?? '')}`
  const code = element('code')
  code.append(request)
  const first = element('td')
  first.append(code)
  const row = element('tr')
  row.append(first, element('td', summary ?? ''))
  return row
}

const note = (text: string): HTMLElement => {
  const cell = element('td', text)
  cell.colSpan = 2
  const row = element('tr')
  row.append(cell)
  return row
}

const element = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text = '',
): HTMLElementTagNameMap[Name] => {
  const made = document.createElement(name)
  made.textContent = text
  return made
}

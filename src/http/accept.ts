/** How much a type is wanted by an Accept header (RFC 9110, 12.5.1); 0 when it is not named. */
const quality = (accept: string, type: string): number => {
  for (const part of accept.toLowerCase().split(',').slice(0, 20)) {
    const [name, ...parameters] = part.split(';').map((one) => one.trim())
    if (name !== type) continue
    const q = parameters.find((one) => one.startsWith('q='))
    return q === undefined ? 1 : Number(q.slice(2)) || 0
  }
  return 0
}

/** Whether the caller names this type, and JSON not before it: who accepts anything gets JSON. */
export const wants = ({ headers }: Request, type: 'text/csv' | 'text/event-stream'): boolean => {
  const accept = headers.get('accept') ?? ''
  const wanted = quality(accept, type)
  return wanted > 0 && wanted >= quality(accept, 'application/json')
}

/** What /readyz asks. */
export interface Readiness {
  readiness(): Promise<{ ready: boolean; checks: Record<string, string> }>
}

const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }

const answer = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers })

/** The process lives and answers; says nothing about what it depends on. */
export const healthz = (): Response => answer(200, { status: 'ok' })

/** 200 when all that calls need is there, else 503 naming what is not. */
export const readyz = async (status: Readiness): Promise<Response> => {
  const state = await status.readiness()
  return answer(state.ready ? 200 : 503, state)
}

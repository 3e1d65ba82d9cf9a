import { Elysia } from 'elysia'
import { apiApp } from '../api.ts'
import { BasicAuth } from '../auth.ts'
import type { HttpDeps } from '../deps.ts'
import { Door } from '../door.ts'
import { Exchanges } from '../exchange.ts'
import { openApiDocument } from '../openapi.ts'
import { me } from './me.ts'
import { rooms } from './rooms.ts'
import { MINT_PATTERN, minter, tokens } from './tokens.ts'

const OPEN_ROUTES = new Set(['/api/v1/openapi.json', '/api/v1/swagger'])

/** The tenant API, /api/v1. */
export const tenantDoor = (deps: HttpDeps): Door => {
  const exchanges = new Exchanges()
  const mint = minter(deps)
  const app = apiApp(exchanges)
    .use(me(deps, exchanges))
    .use(rooms(deps, exchanges))
    .use(tokens(mint, exchanges))
  const about = { version: deps.version, operatorContact: deps.config.admin.operator_contact }
  let document: string | null = null
  app.use(
    openRoutes(() => {
      document ??= openApiDocument(app, about)
      return document
    }),
  )
  return new Door({
    app,
    exchanges,
    log: deps.log,
    metrics: deps.metrics,
    auth: new BasicAuth(deps.credentials),
    open: OPEN_ROUTES,
    mint: { pattern: MINT_PATTERN, respond: mint },
  })
}

const openRoutes = (document: () => string) =>
  new Elysia()
    .get(
      '/api/v1/openapi.json',
      () => new Response(document(), { headers: { 'content-type': 'application/json' } }),
      {
        detail: { hide: true },
      },
    )
    .get(
      '/api/v1/swagger',
      () => new Response(null, { status: 302, headers: { location: '/api/v1/docs' } }),
      {
        detail: { hide: true },
      },
    )

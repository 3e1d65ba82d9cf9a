import { Elysia } from 'elysia'
import { apiApp } from '../api.ts'
import { BasicAuth } from '../auth.ts'
import type { HttpDeps } from '../deps.ts'
import { Door } from '../door.ts'
import { Exchanges } from '../exchange.ts'
import { documentRoute, openApiDocument } from '../openapi.ts'
import { TENANT_API } from './document.ts'
import { events } from './events.ts'
import { identities } from './identities.ts'
import { inspection } from './inspection.ts'
import { keys } from './keys.ts'
import { me } from './me.ts'
import { participants } from './participants.ts'
import { revocations } from './revocations.ts'
import { roles } from './roles.ts'
import { rooms } from './rooms.ts'
import { sessions } from './sessions.ts'
import { MINT_PATTERN, minter, tokens } from './tokens.ts'
import { usage } from './usage.ts'
import { webhooks } from './webhooks.ts'

const OPEN_ROUTES = new Set(['/api/v1/openapi.json', '/api/v1/swagger'])

/** The tenant API, /api/v1. */
export const tenantDoor = (deps: HttpDeps): Door => {
  const exchanges = new Exchanges()
  const mint = minter(deps)
  const app = apiApp(exchanges)
    .use(me(deps, exchanges))
    .use(rooms(deps, exchanges))
    .use(tokens(mint, exchanges))
    .use(inspection(deps, exchanges))
    .use(participants(deps, exchanges))
    .use(sessions(deps, exchanges))
    .use(usage(deps, exchanges))
    .use(events(deps, exchanges))
    .use(revocations(deps, exchanges))
    .use(identities(deps, exchanges))
    .use(roles(deps, exchanges))
    .use(keys(deps, exchanges))
    .use(webhooks(deps, exchanges))
  const about = {
    ...TENANT_API,
    version: deps.version,
    operatorContact: deps.config.admin.operator_contact,
  }
  app.use(openRoutes(() => openApiDocument(app, about)))
  return new Door({
    app,
    exchanges,
    log: deps.log,
    metrics: deps.metrics,
    problems: deps.problems,
    auth: new BasicAuth(deps.credentials),
    open: OPEN_ROUTES,
    mint: { pattern: MINT_PATTERN, respond: mint },
  })
}

const openRoutes = (document: () => string) =>
  new Elysia()
    .get('/api/v1/openapi.json', documentRoute(document), { detail: { hide: true } })
    .get(
      '/api/v1/swagger',
      () => new Response(null, { status: 302, headers: { location: '/api/v1/docs' } }),
      {
        detail: { hide: true },
      },
    )

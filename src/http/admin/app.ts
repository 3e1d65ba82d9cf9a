import { apiApp } from '../api.ts'
import type { HttpDeps } from '../deps.ts'
import { Door } from '../door.ts'
import { Exchanges } from '../exchange.ts'
import { documentRoute, openApiDocument } from '../openapi.ts'
import { noQuery } from '../v1/shapes.ts'
import { admins } from './admins.ts'
import { audit } from './audit.ts'
import { LocalGuard, RemoteGuard } from './auth.ts'
import { calls } from './calls.ts'
import { checks } from './checks.ts'
import { control } from './control.ts'
import { doctor } from './doctor.ts'
import { ADMIN_API } from './document.ts'
import { tenantExport } from './export.ts'
import { history } from './history.ts'
import { inspection } from './inspection.ts'
import { keys } from './keys.ts'
import { ledger } from './ledger.ts'
import { problems } from './problems.ts'
import { rooms } from './rooms.ts'
import { session } from './session.ts'
import { sessions } from './sessions.ts'
import { status } from './status.ts'
import { tenants } from './tenants.ts'
import { adminTokens } from './tokens.ts'
import { webhooks } from './webhooks.ts'

/**
 * The operator's API, /admin.
 * @param entrance the unix socket lets in whoever can open it; over HTTP callers say who they are
 */
export const adminDoor = (deps: HttpDeps, entrance: 'socket' | 'http'): Door => {
  const exchanges = new Exchanges()
  const app = apiApp(exchanges)
    .use(session(deps, exchanges))
    .use(sessions(deps, exchanges))
    .use(admins(deps, exchanges))
    .use(adminTokens(deps, exchanges))
    .use(audit(deps))
    .use(tenants(deps, exchanges))
    .use(tenantExport(deps))
    .use(keys(deps, exchanges))
    .use(rooms(deps))
    .use(webhooks(deps, exchanges))
    .use(history(deps, exchanges))
    .use(ledger(deps))
    .use(inspection(deps, exchanges))
    .use(problems(deps))
    .use(calls(deps))
    .use(status(deps))
    .use(control(deps, exchanges))
    .use(doctor(deps))
    .use(checks(deps))
  const about = {
    ...ADMIN_API,
    version: deps.version,
    operatorContact: deps.config.admin.operator_contact,
  }
  app.get(
    '/admin/openapi.json',
    documentRoute(() => openApiDocument(app, about)),
    { query: noQuery, detail: { hide: true } },
  )
  return new Door({
    app,
    exchanges,
    log: deps.log,
    metrics: deps.metrics,
    problems: deps.problems,
    auth: { operators: entrance === 'socket' ? new LocalGuard() : new RemoteGuard(deps) },
    open: new Set(),
    mint: null,
  })
}

import { apiApp } from '../api.ts'
import type { HttpDeps } from '../deps.ts'
import { Door } from '../door.ts'
import { Exchanges } from '../exchange.ts'
import { control } from './control.ts'
import { keys } from './keys.ts'
import { rooms } from './rooms.ts'
import { status } from './status.ts'
import { tenants } from './tenants.ts'

/** The operator's API, /admin. Whoever can open the socket may use all of it. */
export const adminDoor = (deps: HttpDeps): Door => {
  const exchanges = new Exchanges()
  const app = apiApp(exchanges)
    .use(tenants(deps))
    .use(keys(deps))
    .use(rooms(deps))
    .use(status(deps))
    .use(control(deps))
  return new Door({
    app,
    exchanges,
    log: deps.log,
    metrics: deps.metrics,
    auth: null,
    open: new Set(),
    mint: null,
  })
}

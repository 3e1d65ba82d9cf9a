import { Elysia } from 'elysia'
import { type Exchanges, refuse } from './exchange.ts'

/**
 * An Elysia application whose failures are answered as all of ours are. Unless told otherwise
 * Elysia takes the path from the eleventh character of the URL on, so that a Host with a slash in
 * it would choose the route.
 */
export const apiApp = (exchanges: Exchanges) =>
  new Elysia({ normalize: false, strictPath: true, handler: { standardHostname: false } }).onError(
    { as: 'global' },
    ({ request, error }) => refuse(exchanges.of(request), error),
  )

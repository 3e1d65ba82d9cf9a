import { Elysia } from 'elysia'
import type { Minted } from '../../domain/tokens.ts'
import { parseJson, readBytes } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import { type Exchange, type Exchanges, ownHeaders, principalOf } from '../exchange.ts'
import { fieldErrors, invalid } from '../problem.ts'
import { type TokenRequest, tokenRequest, toTokenInput } from './inputs.ts'
import { BODY_REFUSALS, models } from './models.ts'
import { roomPath } from './rooms.ts'
import { toMintedWire } from './shapes.ts'

export const MINT_PATTERN = '/api/v1/rooms/:room/tokens'

export type Mint = (request: Request, exchange: Exchange) => Promise<Response>

/**
 * The whole of a token request, so that the door can answer it without a way through Elysia, and
 * with one wait only: this is the call that everything else is sized by.
 */
export const minter =
  ({ tokens, metrics }: HttpDeps): Mint =>
  (request, exchange) =>
    readBytes(request).then((bytes) => {
      const input = toTokenInput(parse(exchange, bytes))
      const minted = tokens.mint(principalOf(exchange), roomOf(exchange), input)
      const done = (minted: Minted) => {
        metrics.minted((performance.now() - exchange.startedAt) / 1000)
        return answer(minted, exchange)
      }
      return minted instanceof Promise ? minted.then(done) : done(minted)
    })

/** All headers at once: each one set on a finished answer costs as much as the whole answer. */
const answer = (minted: Minted, exchange: Exchange): Response => {
  exchange.headed = true
  const headers = ownHeaders(exchange)
  headers['content-type'] = 'application/json'
  headers['cache-control'] = 'no-store'
  return new Response(JSON.stringify(toMintedWire(minted)), { headers })
}

const roomOf = ({ route, path }: Exchange): string => route?.firstParameter(path) ?? ''

const parse = ({ hasQuery }: Exchange, bytes: Uint8Array): TokenRequest => {
  const body = tokenRequest.safeParse(parseJson(bytes))
  if (!body.success) throw invalid(fieldErrors(body.error.issues))
  if (hasQuery) {
    throw invalid([{ path: '', message: 'this call takes no query parameters' }])
  }
  return body.data
}

export const tokens = (mint: Mint, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .post(MINT_PATTERN, ({ request }) => mint(request, exchanges.of(request)), {
      parse: 'none',
      params: roomPath,
      detail: {
        operationId: 'createToken',
        tags: ['Tokens'],
        summary: 'Mint a join token',
        description:
          'A token that lets one identity join one room, signed by this server. Hand it and `ws_url` to the client SDK.',
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: { $ref: '#/components/schemas/TokenRequest' } },
          },
        },
      },
      response: { 200: 'Token', 404: 'Problem', ...BODY_REFUSALS },
    })

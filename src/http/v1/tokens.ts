import { Elysia } from 'elysia'
import type { Minted } from '../../domain/tokens.ts'
import { readJson } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchange, Exchanges } from '../exchange.ts'
import { fieldErrors, invalid } from '../problem.ts'
import { tokenRequest, toTokenInput } from './inputs.ts'
import { BODY_REFUSALS, models } from './models.ts'
import { roomPath } from './rooms.ts'
import { toMintedWire } from './shapes.ts'

export const MINT_PATTERN = '/api/v1/rooms/:room/tokens'

export type Mint = (request: Request, exchange: Exchange, room: string) => Promise<Response>

/**
 * The whole of a token request, so that the door can answer it without a way through Elysia: with
 * its parsing and validation hooks the rate is a third lower (measured).
 */
export const minter = ({ tokens, metrics }: HttpDeps): Mint => async (request, exchange, room) => {
  const body = tokenRequest.safeParse(await readJson(request))
  if (!body.success) throw invalid(fieldErrors(body.error.issues))
  if (request.url.includes('?')) throw invalid([{ path: '', message: 'this call takes no query parameters' }])
  const { principal } = exchange
  if (!principal) throw new Error('a token was asked for without credentials')
  const minted = tokens.mint(principal, room, toTokenInput(body.data))
  const response = answer(minted instanceof Promise ? await minted : minted)
  metrics.mint.observe((performance.now() - exchange.startedAt) / 1000)
  return response
}

const json = { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } }

const answer = (minted: Minted): Response => new Response(JSON.stringify(toMintedWire(minted)), json)

export const tokens = (mint: Mint, exchanges: Exchanges) =>
  new Elysia().use(models()).post(
    MINT_PATTERN,
    ({ request, params }) => mint(request, exchanges.of(request), params.room),
    {
      parse: 'none',
      params: roomPath,
      detail: {
        operationId: 'createToken',
        tags: ['Tokens'],
        summary: 'Mint a join token',
        description: 'A token that lets one identity join one room, signed by this server. Hand it and `ws_url` to the client SDK.',
        requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/TokenRequest' } } } },
      },
      response: { 200: 'Token', 404: 'Problem', ...BODY_REFUSALS },
    },
  )

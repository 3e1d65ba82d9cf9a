import { toOpenAPISchema } from '@elysiajs/openapi'
import type { AnyElysia } from 'elysia'
import { z } from 'zod'

interface About {
  version: string
  operatorContact: string | null
}

/** The OpenAPI 3.1 document of an application, as text, made from the schemas it validates with. */
export const openApiDocument = (app: AnyElysia, about: About): string => {
  const { paths, components } = toOpenAPISchema(app, { methods: ['options'] }, undefined, {
    zod: jsonSchema,
  })
  for (const operation of operationsOf(paths as unknown as Paths)) complete(operation)
  const document = {
    openapi: '3.1.1',
    info: {
      title: 'GoLive tenant API',
      version: about.version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      ...(about.operatorContact === null ? {} : { contact: { name: about.operatorContact } }),
    },
    servers: [{ url: '/', description: 'The server that this document came from' }],
    security: [{ basic: [] }],
    tags: TAGS,
    paths,
    components: { securitySchemes: SECURITY, headers: HEADERS, schemas: components.schemas },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

const jsonSchema = (schema: z.ZodType): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // zod leaves examples out where a transform is below; ours are of what is sent.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {}
      if (examples) jsonSchema.examples = examples as never
      // zod's pattern for a calendar with leap years says no more than the format and fills a screen.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    },
  })
  return rest
}

interface Answer {
  description: string
  content?: Record<string, { schema: { $ref?: string } }>
  headers?: Record<string, unknown>
}

interface Operation {
  responses: Record<string, Answer>
  parameters?: object[]
}

type Paths = Record<string, Record<string, Operation>>

const operationsOf = (paths: Paths): Operation[] =>
  Object.values(paths).flatMap((path) => Object.values(path))

/** What the generator cannot know: what a status means here, problem+json, headers, empty bodies. */
const complete = (operation: Operation): void => {
  for (const [status, answer] of Object.entries(operation.responses)) {
    answer.description = MEANING[status] ?? answer.description
    answer.headers = headersOf(status, answer)
    if (status === '204') delete answer.content
    const json = answer.content?.['application/json']
    if (json?.schema.$ref === '#/components/schemas/Problem') {
      answer.content = { 'application/problem+json': json }
    }
  }
  if (operation.responses['412']) operation.parameters = [...(operation.parameters ?? []), IF_MATCH]
  if (operation.responses['412'] && operation.responses['201'])
    operation.parameters?.push(IF_NONE_MATCH)
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` that the room must still have.',
  schema: { type: 'string' },
}

const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: '`*`: only if there is no room of this name yet.',
  schema: { type: 'string' },
}

const headersOf = (status: string, answer: Answer): Record<string, unknown> => {
  const isRoom = answer.content?.['application/json']?.schema.$ref === '#/components/schemas/Room'
  const names = [
    'X-Request-Id',
    ...(status === '401'
      ? ['WWW-Authenticate']
      : ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']),
    ...(status === '429' || status === '503' ? ['Retry-After'] : []),
    ...(isRoom ? ['ETag'] : []),
  ]
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

const MEANING: Record<string, string> = {
  200: 'Done.',
  201: 'Created.',
  204: 'Done; there is nothing to say.',
  400: '`malformed_json` or `malformed_request`: this is not a request we can read.',
  401: '`missing_credentials`, `invalid_credentials`, `secret_sent_as_key` or `tenant_deactivated`.',
  404: '`room_not_found`: no room of yours has this name.',
  409: '`room_exists`, with the existing room under `room`, or `room_limit_reached`.',
  412: '`precondition_failed`: the room was changed meanwhile, or exists, or does not.',
  413: '`body_too_large`: more than 64 KiB.',
  415: '`unsupported_media_type`: send `Content-Type: application/json`.',
  422: '`validation_failed`, with every wrong field under `errors`, or `invalid_cursor`.',
  429: '`rate_limited`: wait as `Retry-After` says.',
  500: '`internal_error`: our fault; tell the operator the `request_id`.',
  503: '`media_unavailable`, `storage_full` or `server_stopping`: nothing was changed, try again.',
}

const header = (description: string, schema: object) => ({ description, schema })

const HEADERS = {
  'X-Request-Id': header('Names this request in the log of the server.', { type: 'string' }),
  'RateLimit-Limit': header('Requests of this kind (reads, writes, token requests) per second.', {
    type: 'integer',
  }),
  'RateLimit-Remaining': header('How many of them are left now.', { type: 'integer' }),
  'RateLimit-Reset': header('Seconds until all are left again.', { type: 'integer' }),
  'Retry-After': header('Seconds to wait.', { type: 'integer' }),
  'WWW-Authenticate': header('The kind of credentials that is expected.', { type: 'string' }),
  ETag: header('The version of the room, for `If-Match`.', { type: 'string' }),
}

const SECURITY = {
  basic: {
    type: 'http',
    scheme: 'basic',
    description: '`api_key` as user name, `api_secret` as password.',
  },
}

const TAGS = [
  { name: 'Tenant', description: 'Who the credentials belong to.' },
  { name: 'Rooms', description: 'Rooms are named by you and stay until you delete them.' },
  { name: 'Tokens', description: 'What lets people in.' },
]

const DESCRIPTION = `Create rooms and mint the tokens that let people join them.

Credentials are an \`api_key\` and its \`api_secret\` as HTTP Basic user name and password: call this API from your backend, never from a browser or an app. Bodies are JSON in UTF-8, names are \`snake_case\`, times are RFC 3339 in UTC. Unknown fields are refused; \`null\` on create is the same as absent, on PATCH it clears.

Every answer carries \`X-Request-Id\`. Errors are RFC 9457 problem details with a stable \`code\`. Reads, writes and token requests are limited separately; \`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\` tell how much is left.`

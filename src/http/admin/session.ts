import { Elysia } from 'elysia'
import { adminActor } from '../../domain/actors.ts'
import type { AdminSessions, Browser, NewSession } from '../../domain/admin-sessions.ts'
import { GoLiveError } from '../../domain/errors.ts'
import { rfc3339OrNull } from '../../lib/clock.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Caller, Exchanges } from '../exchange.ts'
import { SignInThrottle } from '../sign-in-throttle.ts'
import { noQuery, nothing } from '../v1/shapes.ts'
import { SessionCookie } from './cookies.ts'
import type { SignIn } from './inputs.ts'
import { ADMIN_BODY_REFUSALS, ADMIN_REFUSALS, adminModels, CHANGE_REFUSALS } from './models.ts'

const tags = ['Sign-in']

const toCallerWire = ({ actor, scope, tenant, session, token }: Caller) => ({
  actor: actor.name,
  admin: session?.admin ?? null,
  scope,
  tenant,
  expires_at: rfc3339OrNull(session?.expiresAt ?? token?.expiresAt ?? null),
  must_set_password: session?.byLink ?? false,
})

/** Signing in and out, and one's own password. */
export const session = (deps: HttpDeps, exchanges: Exchanges) => {
  const throttle = new SignInThrottle()
  return new Elysia()
    .use(signing(deps, exchanges, throttle))
    .use(ownPassword(deps, exchanges, throttle))
}

const signInBy =
  (sessions: AdminSessions, throttle: SignInThrottle) =>
  ({ email, password, link }: SignIn, browser: Browser): Promise<NewSession> =>
    typeof link === 'string'
      ? throttle.attempt('link', browser.address, () => sessions.signInByLink(link, browser))
      : throttle.attempt(email ?? '', browser.address, () =>
          sessions.signIn({ email: email ?? '', password: password ?? '' }, browser),
        )

const signing = (deps: HttpDeps, exchanges: Exchanges, throttle: SignInThrottle) => {
  const { sessions } = deps
  const cookie = new SessionCookie(deps.publicUrl)
  const browserOf = (request: Request): Browser => ({
    address: exchanges.of(request).address(),
    userAgent: request.headers.get('user-agent'),
    cookie: cookie.read(request),
  })
  const begin = signInBy(sessions, throttle)
  return new Elysia()
    .use(adminModels())
    .post(
      '/admin/session',
      async ({ request, body, set }) => {
        const begun = await begin(body, browserOf(request))
        set.headers['set-cookie'] = cookie.set(begun.cookie)
        const actor = adminActor(begun.session.admin.email, null)
        return toCallerWire({
          actor,
          scope: 'write',
          tenant: null,
          session: begun.session,
          token: null,
        })
      },
      {
        query: noQuery,
        parse: jsonBody,
        body: 'SignIn',
        response: { 200: 'Caller', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'signIn',
          tags,
          security: [],
          summary: 'Sign in',
          description:
            'With e-mail address and password, or once with a sign-in link, after which a password must be chosen. Sets the session cookie; the session that the request came with ends.',
        },
      },
    )
    .get('/admin/session', ({ request }) => toCallerWire(exchanges.caller(request)), {
      query: noQuery,
      response: { 200: 'Caller', ...ADMIN_REFUSALS },
      detail: {
        operationId: 'getCaller',
        tags,
        summary: 'Who am I',
        description:
          'Who asks and what they may do. A 401 says in `has_admins` whether there is any account yet.',
      },
    })
    .delete(
      '/admin/session',
      async ({ request, set }) => {
        const { session, actor } = exchanges.caller(request)
        if (session) await sessions.delete(session.id, actor)
        set.headers['set-cookie'] = cookie.cleared
        set.status = 204
      },
      {
        query: noQuery,
        response: { 204: nothing, ...CHANGE_REFUSALS },
        detail: { operationId: 'signOut', tags, summary: 'Sign out' },
      },
    )
}

const ownPassword = ({ sessions }: HttpDeps, exchanges: Exchanges, throttle: SignInThrottle) =>
  new Elysia().use(adminModels()).put(
    '/admin/password',
    async ({ request, body, set }) => {
      const { session, actor } = exchanges.caller(request)
      if (!session) throw onlyPeople()
      const change = { current: body.current_password ?? null, next: body.password }
      await throttle.attempt(session.admin.email, actor.address, () =>
        sessions.changePassword(session, change, actor),
      )
      set.status = 204
    },
    {
      query: noQuery,
      parse: jsonBody,
      body: 'PasswordChange',
      response: { 204: nothing, ...ADMIN_BODY_REFUSALS },
      detail: {
        operationId: 'changePassword',
        tags,
        security: [{ cookie: [] }],
        summary: "Change one's own password",
        description: 'Ends all other sessions of the account.',
      },
    },
  )

const onlyPeople = (): GoLiveError =>
  new GoLiveError('forbidden', 'only who is signed in has a password to change')

import { SESSION_MS } from '../../domain/admin-sessions.ts'

/**
 * The session cookie. Over HTTPS its name makes browsers insist on Secure, on the root path and on
 * this host alone (RFC 6265bis §4.1.3.2); plain HTTP exists only on loopback.
 */
export class SessionCookie {
  readonly #name: string
  readonly #flags: string

  constructor(publicUrl: string) {
    const secure = publicUrl.startsWith('https:')
    this.#name = secure ? '__Host-golive' : 'golive'
    this.#flags = `; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  }

  read(request: Request): string | null {
    const start = `${this.#name}=`
    const found = (request.headers.get('cookie') ?? '')
      .split(';')
      .map((part) => part.trim())
      .find((part) => part.startsWith(start))
    return found?.slice(start.length) || null
  }

  /** What a Set-Cookie header says to keep it. */
  set(value: string): string {
    return `${this.#name}=${value}${this.#flags}; Max-Age=${SESSION_MS / 1000}`
  }

  /** What a Set-Cookie header says to forget it. */
  get cleared(): string {
    return `${this.#name}=${this.#flags}; Max-Age=0`
  }
}

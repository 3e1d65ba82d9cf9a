/** What a tenant is told of, as the admin API shows it. Times are RFC 3339. */

export interface Webhook {
  id: string
  url: string
  types: string[]
  status: 'active' | 'disabled'
  disabled_reason: string | null
  created_at: string
  last_success_at: string | null
  last_failure_at: string | null
}

/** One attempt to deliver an event. */
export interface Delivery {
  id: string
  seq: number
  type: string
  attempt: number
  at: string
  status_code: number | null
  duration_ms: number | null
  error: string | null
  response_excerpt: string | null
  next_attempt_at: string | null
}

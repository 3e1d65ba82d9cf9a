/** Whom to believe: certificates of this authority (PEM), or anybody. */
export interface Trust {
  ca?: string
  anything?: boolean
}

export interface StaticAnswer {
  status?: number
  headers?: Record<string, string>
  body: string
}

/** What a test asks the program inside of a lab machine to do. */
export type AgentOrder =
  | {
      ask: 'fetch'
      url: string
      init: { method?: string; headers?: unknown; body?: string }
      trust: Trust
    }
  | {
      ask: 'serve'
      answers: Record<string, StaticAnswer>
      host: string
      port: number
      tls: { cert: string; key: string } | null
    }
  | { ask: 'open'; socket: number; url: string; trust: Trust }
  | { ask: 'send'; socket: number; text: string }
  | { ask: 'close'; socket: number }
  | {
      ask: 'exchange'
      host: string
      port: number
      base64: string
      tls: (Trust & { servername: string }) | null
    }

/** What it answers, and what comes on its WebSockets. */
export type AgentWord =
  | { id: number; value: unknown }
  | { id: number; error: string }
  | { socket: number; text: string }
  | { socket: number; base64: string }
  | { socket: number; closed: number }

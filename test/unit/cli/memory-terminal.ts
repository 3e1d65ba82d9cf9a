import type { Terminal } from '../../../src/cli/terminal.ts'

/** A terminal that remembers what was printed. */
export class MemoryTerminal implements Terminal {
  env: Record<string, string | undefined>
  width = 80
  shown = false
  isLeft = false
  interactive = false
  stdout = ''
  stderr = ''
  ask: Terminal['ask'] = null

  constructor(env: Record<string, string | undefined> = {}) {
    this.env = env
  }

  async secret(): Promise<string | null> {
    return null
  }

  async write(text: string): Promise<void> {
    this.stdout += text
  }

  async warn(text: string): Promise<void> {
    this.stderr += text
  }
}

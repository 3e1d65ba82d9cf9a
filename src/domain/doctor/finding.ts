export type State = 'ok' | 'warn' | 'fail' | 'skipped'

/** What one check found. */
export interface Finding {
  /** stable, for scripts */
  id: string
  title: string
  state: State
  detail: string
  /** what to type or to do; null where nothing needs to be done */
  fix: string | null
}

/** All findings, and what they mean in one sentence. */
export interface Report {
  data: Finding[]
  verdict: string
}

/** Makes the findings of one check. */
export class Check {
  readonly id: string
  readonly title: string

  constructor(id: string, title: string) {
    this.id = id
    this.title = title
  }

  ok(detail: string, fix: string | null = null): Finding {
    return this.#found('ok', detail, fix)
  }

  /** It works, and something about it is not as it should be. */
  warn(detail: string, fix: string): Finding {
    return this.#found('warn', detail, fix)
  }

  /** Somebody cannot do what they should be able to do. */
  fail(detail: string, fix: string): Finding {
    return this.#found('fail', detail, fix)
  }

  /** @param reason why it could not be found out, or does not matter here */
  skipped(reason: string): Finding {
    return this.#found('skipped', reason, null)
  }

  #found(state: State, detail: string, fix: string | null): Finding {
    return { id: this.id, title: this.title, state, detail, fix }
  }
}

/** The whole in one sentence. */
export const verdictOn = (findings: Finding[]): string => {
  const count = (state: State) => findings.filter((one) => one.state === state).length
  const [fails, warns, skipped] = [count('fail'), count('warn'), count('skipped')]
  const rest =
    skipped === 0 ? '' : ` ${things(skipped)} ${skipped === 1 ? 'was' : 'were'} not checked.`
  if (fails > 0) {
    const more = warns === 0 ? '' : `, and ${things(warns)} could be better`
    return `${things(fails)} must be mended${more}.${rest}`
  }
  if (warns > 0) return `Nothing is broken; ${things(warns)} could be better.${rest}`
  return `All that was checked is well.${rest}`
}

const things = (count: number): string => (count === 1 ? '1 thing' : `${count} things`)

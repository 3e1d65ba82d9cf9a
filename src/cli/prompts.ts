import { confirm, intro, isCancel, text } from '@clack/prompts'
import { CliError, EXIT } from './exit.ts'

/** Something that a person at the terminal is asked. */
export interface Prompt {
  message: string
  /** there to be taken or changed; empty when there is no good guess */
  initial: string
  /** what is wrong with an answer, as a sentence */
  check(answer: string): string | undefined
}

/** @throws CliError when the person walks away */
export const ask = async ({ message, initial, check }: Prompt): Promise<string> => {
  const answer = await text({
    message,
    initialValue: initial,
    validate: (given) => check(given ?? ''),
  })
  if (!isCancel(answer)) return answer
  throw new CliError(EXIT.failed, { code: 'not_confirmed', detail: 'nothing was changed' })
}

/** A question of yes or no, with yes as what it suggests. @throws CliError when the person walks away */
export const askWhether = async (message: string): Promise<boolean> => {
  const answer = await confirm({ message })
  if (!isCancel(answer)) return answer
  throw new CliError(EXIT.failed, { code: 'not_confirmed', detail: 'nothing was changed' })
}

/** Opens the questions. */
export const begin = (): void => intro('golive setup')

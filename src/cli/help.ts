import type { Command } from 'commander'

/** Puts a command line to copy under a command's help. */
export const example = (command: Command, line: string): void => {
  command.addHelpText('after', `\nExample:\n  $ ${line}`)
}

/** The same for a command that only holds others; its `help` subcommand would only say it again. */
export const groupExample = (group: Command, line: string): void => {
  group.helpCommand(false)
  example(group, line)
}

/** The option that answers a command's question before it is asked. */
export const YES = ['-y, --yes', 'do it without asking'] as const

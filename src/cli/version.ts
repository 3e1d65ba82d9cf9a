import type { Command } from 'commander'
import { example } from './help.ts'
import type { Cli } from './session.ts'

/** `golive version` */
export const addVersionCommand = (program: Command, cli: Cli): void => {
  const version = program
    .command('version')
    .description('print the versions of golive and of the livekit-server inside it')
    .action(async (_: object, command: Command) => {
      const { versions } = await import('../app.ts')
      const found = versions()
      await cli
        .output(command)
        .result(found, () => [`golive ${found.golive}`, `livekit-server ${found.livekit}`])
    })
  example(version, 'golive version')
}

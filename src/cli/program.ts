import { Command, CommanderError } from 'commander'
import { addAdminCommands } from './admin.ts'
import { addAuditCommand } from './audit.ts'
import { addControlCommands } from './control.ts'
import { addDoctorCommand } from './doctor.ts'
import { addEventsCommand } from './events.ts'
import { EXIT } from './exit.ts'
import { example } from './help.ts'
import { addKeyCommands } from './key.ts'
import { addRoomCommands } from './room.ts'
import { addServiceCommands } from './service.ts'
import { Cli } from './session.ts'
import { addSessionsCommand } from './sessions.ts'
import { addSetupCommand } from './setup.ts'
import { addStatusCommand } from './status.ts'
import { addTenantCommands } from './tenant.ts'
import type { Terminal } from './terminal.ts'
import { addTokenCommands } from './token.ts'
import { addUsageCommand } from './usage.ts'
import { addVersionCommand } from './version.ts'

/** Does what one command line asks for. @param argv without the program's own name */
export const run = async (argv: string[], terminal: Terminal): Promise<number> => {
  const cli = new Cli(terminal)
  const written: Promise<void>[] = []
  try {
    const words = argv[0] === '--version' ? ['version', ...argv.slice(1)] : argv
    await buildProgram(cli, written).parseAsync(words, { from: 'user' })
    return cli.exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) return await cli.fail(error)
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  } finally {
    await Promise.all(written)
  }
}

const buildProgram = (cli: Cli, written: Promise<void>[]): Command => {
  const program = new Command('golive')
    .description('A multi-tenant video-calling backend in one executable.')
    .option('--config <file>', 'the configuration file to use')
    .option('--url <origin>', 'a server elsewhere; its token is in GOLIVE_ADMIN_TOKEN')
    .option('--json', 'print results, and errors, as JSON')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void written.push(cli.terminal.write(text)),
      writeErr: (text) => void written.push(cli.terminal.warn(text)),
      outputError: (text, write) => write(text.replace(/^error: /, 'golive: ')),
    })
  addSetupCommand(program, cli)
  addServe(program, cli)
  addTenantCommands(program, cli)
  addKeyCommands(program, cli)
  addRoomCommands(program, cli)
  addTokenCommands(program, cli)
  addAdminCommands(program, cli)
  addSessionsCommand(program, cli)
  addUsageCommand(program, cli)
  addEventsCommand(program, cli)
  addAuditCommand(program, cli)
  addStatusCommand(program, cli)
  addDoctorCommand(program, cli)
  addControlCommands(program, cli)
  addServiceCommands(program, cli)
  addVersionCommand(program, cli)
  program.addHelpText('after', EXIT_CODES)
  example(program, 'golive serve')
  return program
}

const EXIT_CODES = `
Exit codes:
  0   done
  1   refused or failed; the sentence says why
  2   the command line is wrong, or an answer is missing
  3   the server cannot start: configuration, port, lock or key
  69  no server answers, and the command needs one`

const addServe = (program: Command, cli: Cli): void => {
  const serve = program
    .command('serve')
    .description('run the server until it is told to stop')
    .action(async (_: object, command: Command) => {
      const config = await cli.configure(command)
      const { serve } = await import('./serve.ts')
      cli.exitCode = await serve(config)
    })
  example(serve, 'golive serve --config /etc/golive/golive.config.yaml')
}

import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { Command } from 'commander'
import { path } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { example } from './help.ts'
import { count } from './output.ts'
import type { Cli } from './session.ts'

/** `golive tenant export …` */
export const addTenantExport = (tenant: Command, cli: Cli): void => {
  const command = tenant
    .command('export')
    .description('write down all that is kept of a tenant, one JSON object a line, without secrets')
    .argument('<slug>')
    .option('--out <file>', 'write to this file instead of standard output')
    .action((slug: string, { out: file }: { out?: string }, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out }) => {
        const pieces = api.pieces(path`/admin/tenants/${slug}/export`)
        if (file === undefined) return print(cli, pieces)
        const bytes = await save(file, pieces)
        await out.result({ file, bytes }, () => [`Wrote ${file}: ${count(bytes, 'byte')}.`])
      }),
    )
  example(command, 'golive tenant export acme --out acme.ndjson')
}

const print = async (cli: Cli, pieces: AsyncGenerator<Uint8Array>): Promise<void> => {
  const decoder = new TextDecoder()
  for await (const piece of pieces)
    await cli.terminal.write(decoder.decode(piece, { stream: true }))
}

/** It gets its name when it is whole; personal data is for the owner alone. @returns its bytes */
const save = async (file: string, pieces: AsyncGenerator<Uint8Array>): Promise<number> => {
  const aside = `${file}.part`
  let bytes = 0
  const fd = open(aside, file)
  try {
    for await (const piece of pieces) bytes += writeAll(fd, piece)
    renameSync(aside, file)
    return bytes
  } catch (error) {
    rmSync(aside, { force: true })
    throw error instanceof CliError ? error : cannotWrite(file, error as Error)
  } finally {
    closeSync(fd)
  }
}

const writeAll = (fd: number, piece: Uint8Array): number => {
  for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at)
  return piece.length
}

/** @param file what it becomes, which is what the person knows of */
const open = (aside: string, file: string): number => {
  try {
    return openSync(aside, 'w', 0o600)
  } catch (error) {
    throw cannotWrite(file, error as Error)
  }
}

const cannotWrite = (file: string, cause: NodeJS.ErrnoException): CliError => {
  const why = REASONS[cause.code ?? ''] ?? cause.message
  const detail = `${file} cannot be written: ${why}`
  return new CliError(EXIT.failed, { code: 'cannot_write', detail }, { cause })
}

const REASONS: Record<string, string> = {
  ENOENT: 'its folder does not exist',
  EACCES: 'this user may not write there',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
}

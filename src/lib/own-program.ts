/** What this very program is started with to do something else: compiled, or by its entry file. */
export const ownCommand = (words: string[]): string[] => {
  // A compiled executable sees its embedded entry as second argument; a new one must not get it.
  const [, entry = ''] = process.argv
  return [process.execPath, ...(entry.startsWith('/$bunfs/') ? [] : [entry]), ...words]
}

interface Bounds {
  timeoutMs: number
  maxBytes: number
}

/**
 * What a command of this program prints to standard output, whatever its exit code. It is killed at
 * either bound, and what it had printed until then is the answer.
 */
export const runOwnCommand = async (
  words: string[],
  env: Record<string, string | undefined>,
  { timeoutMs, maxBytes }: Bounds,
): Promise<string> => {
  const child = Bun.spawn(ownCommand(words), {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: maxBytes,
  })
  const text = await new Response(child.stdout).text()
  await child.exited
  return text
}

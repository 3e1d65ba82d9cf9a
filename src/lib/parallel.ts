/** Works through a list, `width` at a time; the first failure is thrown after all have ended. */
export const inParallel = async <T>(
  list: T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = [...list]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(width, list.length) }, worker),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

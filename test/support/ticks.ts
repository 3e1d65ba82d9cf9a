/** How often others had their turn of this thread while something was done. */
export const ticksDuring = async (work: () => Promise<unknown>): Promise<number> => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  try {
    await work()
    return ticks
  } finally {
    clearInterval(timer)
  }
}

export interface PageFile {
  headers: Record<string, string>
  body: string
}

const HTML =
  '<!doctype html><meta charset="utf-8"><body><script type="module" src="/page.js"></script>'

/** The test page, file by path. */
export const pageFiles = async (): Promise<Record<string, PageFile>> => ({
  '/': { headers: { 'content-type': 'text/html' }, body: HTML },
  '/page.js': { headers: { 'content-type': 'text/javascript' }, body: await bundle() },
})

const bundle = async (): Promise<string> => {
  const entry = new URL('./page/page.ts', import.meta.url).pathname
  const built = await Bun.build({ entrypoints: [entry], target: 'browser' })
  const script = built.outputs[0]
  if (!script) throw new Error(`the test page did not build: ${built.logs.join('\n')}`)
  return script.text()
}

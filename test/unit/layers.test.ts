import { afterAll, beforeAll, expect, test } from 'bun:test'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = join(import.meta.dir, '../..')
const FOLDERS = ['cli', 'http', 'web', 'domain', 'store', 'livekit', 'tls', 'config', 'lib']

/** Folder → what it may import besides itself, as the picture in src/README.md says. */
const MAY: Record<string, string[]> = {
  cli: ['domain', 'config', 'lib', 'app.ts'],
  http: ['domain', 'config', 'lib', 'web'],
  web: [],
  domain: ['store', 'livekit', 'config', 'lib'],
  store: ['lib'],
  livekit: ['config', 'lib'],
  tls: ['config', 'lib'],
  config: ['lib'],
  lib: [],
}

/** Packages that belong to one role → the folders that play it. */
const PACKAGES: Record<string, string[]> = {
  elysia: ['http'],
  'elysia/error': ['http'],
  kysely: ['store'],
  'bun:sqlite': ['store'],
  'livekit-server-sdk': ['livekit'],
  'bun:ffi': ['lib', 'cli', 'http', 'domain', 'store', 'livekit', 'tls', 'config'],
  'node:fs': ['lib', 'cli', 'http', 'domain', 'store', 'livekit', 'tls', 'config'],
}

const FORMS: ((from: string) => string)[] = [
  (from) => `import { x } from '${from}'\n\nx()\n`,
  (from) => `import type { x } from '${from}'\n\nexport type Y = typeof x\n`,
  (from) => `import '${from}'\n`,
  (from) => `export { x } from '${from}'\n`,
  (from) => `export * from '${from}'\n`,
  (from) => `export const later = () => import('${from}')\n`,
]

/** Every form, in the folder itself and in one below it. */
const ALL = FORMS.length * 2

let tree: string
let refused: Set<string>

/** One file for each (importing folder, nested or not, imported thing, form), in a tree of its own. */
const seed = (folder: string, name: string, imported: string): void => {
  const relative = PACKAGES[imported]
    ? imported
    : imported.endsWith('.ts')
      ? imported
      : `${imported}/some.ts`
  for (const [form, write] of FORMS.entries()) {
    for (const depth of [1, 2]) {
      const path = join(tree, 'src', folder, depth === 2 ? 'deep' : '.', `${name}-${form}.ts`)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, write(PACKAGES[imported] ? imported : '../'.repeat(depth) + relative))
    }
  }
}

const slug = (text: string) => text.replace(/[^a-z]+/g, '-')

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'golive-layers-'))
  copyFileSync(join(root, 'biome.json'), join(tree, 'biome.json'))
  for (const folder of FOLDERS) {
    for (const other of [
      ...FOLDERS,
      'app.ts',
      'control-plane.ts',
      'listening.ts',
      'main.ts',
      ...Object.keys(PACKAGES),
    ]) {
      if (other !== folder) seed(folder, slug(other), other)
    }
  }
  const biome = Bun.spawnSync({
    cmd: [
      join(root, 'node_modules/.bin/biome'),
      'lint',
      '--only=style/noRestrictedImports',
      '--max-diagnostics=none',
      '--reporter=json',
    ],
    cwd: tree,
  })
  const report = JSON.parse(biome.stdout.toString()) as {
    diagnostics: { location: { path: string | { file: string } } }[]
  }
  refused = new Set(
    report.diagnostics.map(({ location: { path } }) =>
      typeof path === 'string' ? path : path.file,
    ),
  )
}, 60_000)

afterAll(() => rmSync(tree, { recursive: true }))

/** How many of the files seeded for this pair Biome refused. */
const refusals = (folder: string, other: string): number => {
  const paths = FORMS.keys().flatMap((form) =>
    ['', 'deep/'].map((deep) => `src/${folder}/${deep}${slug(other)}-${form}.ts`),
  )
  return [...paths].filter((path) => refused.has(path)).length
}

for (const folder of FOLDERS) {
  test(`src/${folder} imports ${MAY[folder]?.join(', ') || 'no other folder'}, and nothing else of ours`, () => {
    for (const other of [...FOLDERS, 'app.ts', 'control-plane.ts', 'listening.ts', 'main.ts']) {
      if (other === folder) continue
      expect(refusals(folder, other), `${folder} → ${other}`).toBe(
        MAY[folder]?.includes(other) ? 0 : ALL,
      )
    }
  })
}

test('a package that belongs to one role is imported by that role only', () => {
  for (const [name, folders] of Object.entries(PACKAGES)) {
    for (const folder of FOLDERS) {
      expect(refusals(folder, name), `${folder} → ${name}`).toBe(folders.includes(folder) ? 0 : ALL)
    }
  }
})

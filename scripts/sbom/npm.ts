import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import lock from '../../bun.lock'
import manifest from '../../package.json' with { type: 'json' }
import { type Component, licensed } from './component.ts'

interface Needs {
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalPeers?: string[]
}

/** `name`, or `parent/name` where the parent has one of its own → name@version, registry, needs, hash. */
const packages = lock.packages as unknown as Record<string, [string, string, Needs, string]>

/** `a/@b/c` → `a` and `@b/c` */
const namesOf = (key: string): string[] => key.match(/(@[^/]+\/)?[^/]+/g) ?? []

/** As Node looks for it: below the package that asks, then below those around it. */
const resolve = (from: string, name: string): string => {
  const around = namesOf(from)
  for (let depth = around.length; depth >= 0; depth--) {
    const key = [...around.slice(0, depth), name].join('/')
    if (packages[key]) return key
  }
  throw new Error(`bun.lock lacks ${name}, which ${from} needs`)
}

/** Types are no part of a program. */
const needsOf = ({ dependencies = {}, peerDependencies = {}, optionalPeers = [] }: Needs) =>
  [...Object.keys(dependencies), ...Object.keys(peerDependencies)].filter(
    (name) => !name.startsWith('@types/') && !optionalPeers.includes(name),
  )

const collect = (from: string, needs: Needs, found: Set<string>): Set<string> => {
  for (const name of needsOf(needs)) {
    const key = resolve(from, name)
    if (found.has(key)) continue
    found.add(key)
    collect(key, packages[key]?.[2] ?? {}, found)
  }
  return found
}

const componentOf = (key: string): Component => {
  const [spec = '', , , integrity = ''] = packages[key] ?? []
  const at = spec.lastIndexOf('@')
  const [name, version] = [spec.slice(0, at), spec.slice(at + 1)]
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
  const license = licenseOf(join('node_modules', namesOf(key).join('/node_modules/')))
  const hashes: Component['hashes'] = [{ alg: 'SHA-512', content }]
  return { type: 'library', 'bom-ref': purl, name, version, purl, hashes, ...licensed(license) }
}

const licenseOf = (folder: string): string | undefined => {
  const text = readFileSync(join(import.meta.dir, '../..', folder, 'package.json'), 'utf8')
  return (JSON.parse(text) as { license?: string }).license
}

/** The packages of bun.lock that the product's dependencies lead to. */
export const npmComponents = (): Component[] => {
  const keys = collect('', { dependencies: manifest.dependencies }, new Set())
  const all = new Map([...keys].map(componentOf).map((one) => [one['bom-ref'], one]))
  return [...all.values()]
}

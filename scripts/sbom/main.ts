/**
 * Prints what the executables of a release are made of, as a CycloneDX 1.6 document: npm packages, Bun,
 * and the livekit-server executables given with their Go modules. It names no time and no machine.
 */
import manifest from '../../package.json' with { type: 'json' }
import { bunComponents } from './bun.ts'
import { type Component, licensed, sorted } from './component.ts'
import { goComponents } from './go.ts'
import { npmComponents } from './npm.ts'

const refs = (components: Component[]): string[] => components.map((one) => one['bom-ref']).sort()

const bom = (executables: string[]) => {
  const npm = npmComponents()
  const [bun, ...parts] = bunComponents()
  const [livekit, ...modules] = goComponents(executables)
  const { name, version, license } = manifest
  const golive: Component = {
    type: 'application',
    'bom-ref': `${name}@${version}`,
    name,
    version,
    ...licensed(license),
  }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: golive },
    components: sorted([...npm, bun, ...parts, livekit, ...modules]),
    dependencies: [
      { ref: golive['bom-ref'], dependsOn: refs([...npm, bun, livekit]) },
      { ref: bun['bom-ref'], dependsOn: refs(parts) },
      { ref: livekit['bom-ref'], dependsOn: refs(modules) },
    ],
  }
}

console.log(JSON.stringify(bom(process.argv.slice(2)), null, 2))

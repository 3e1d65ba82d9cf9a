/** What CycloneDX 1.6 says of one thing that a program is made of. */
export interface Component {
  type: 'application' | 'library' | 'platform'
  /** a package URL, where there is one */
  'bom-ref': string
  name: string
  version: string
  purl?: string
  hashes?: { alg: 'SHA-256' | 'SHA-512'; content: string }[]
  licenses?: { expression: string }[]
}

/** The licence as an SPDX expression; nothing where it is not known. */
export const licensed = (expression: string | undefined): Pick<Component, 'licenses'> =>
  expression ? { licenses: [{ expression }] } : {}

/** By code units, never by the locale of whoever builds. */
export const sorted = (components: Component[]): Component[] =>
  components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))

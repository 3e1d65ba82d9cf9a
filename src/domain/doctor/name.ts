import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { within } from '../../lib/deadline.ts'
import { interfaceAddresses } from '../../lib/networks.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

const ANSWER_MS = 4000

/** Where a name leads. */
interface Resolved {
  v4: string[]
  v6: string[]
  /** by this machine's own hosts file, for no DNS server answered */
  fromHosts: boolean
}

/** Whether the name that people use leads to this machine. */
export const checkName = async (
  check: Check,
  { config, publicUrl, addresses }: Pick<Subject, 'config' | 'publicUrl' | 'addresses'>,
): Promise<Finding> => {
  const name = hostOf(publicUrl)
  if (config.tls.mode === 'localhost') return check.skipped('nobody outside this machine is served')
  if (isIP(name) !== 0) return check.skipped(`${name} is used, which needs no DNS`)
  const found = await resolve(name)
  if (!found) return check.skipped('no DNS server answered')
  const own = [addresses.public, addresses.host, addresses.ipv6, ...interfaceAddresses()]
  const strange = [...found.v4, ...found.v6].filter((one) => !own.includes(one))
  const all = [...found.v4, ...found.v6].join(', ')
  if (all === '') return check.fail(`${name} leads nowhere`, recordFor(name, addresses.public))
  if (config.tls.mode === 'proxy') return check.ok(`${name} leads to ${all}, as the proxy's name`)
  if (strange.length > 0) {
    return check.fail(
      `${name} leads to ${strange.join(', ')}, which is not this machine (${addresses.public})`,
      strange.every((one) => isIP(one) === 6)
        ? removeAaaa(name, addresses.ipv6)
        : recordFor(name, addresses.public),
    )
  }
  if (found.v4.length === 0)
    return check.warn(
      `${name} has no A record: IPv4 finds no way`,
      recordFor(name, addresses.public),
    )
  const how = found.fromHosts ? ', says the hosts file; no DNS server answered' : ''
  return check.ok(`${name} leads here (${all})${how}`)
}

/** The host of an origin, an IPv6 address without its brackets. */
export const hostOf = (origin: string): string => new URL(origin).hostname.replace(/^\[|\]$/g, '')

const recordFor = (name: string, address: string): string =>
  `At your DNS provider: ${name}. A ${address}`

const removeAaaa = (name: string, ipv6: string | null): string =>
  ipv6 === null
    ? `At your DNS provider: remove the AAAA record of ${name}`
    : `At your DNS provider: ${name}. AAAA ${ipv6}`

/** DNS itself, since this machine's hosts file tells nobody else; null when nothing can be found out. */
const resolve = async (name: string): Promise<Resolved | null> => {
  const resolver = new Resolver({ timeout: ANSWER_MS / 2, tries: 2 })
  const [v4, v6] = await Promise.all([
    orNone(resolver.resolve4(name)),
    orNone(resolver.resolve6(name)),
  ])
  if (v4 || v6) return { v4: v4 ?? [], v6: v6 ?? [], fromHosts: false }
  const local = await within(ANSWER_MS, lookup(name, { all: true })).catch(() => null)
  if (!local) return null
  const of = (family: number) => [
    ...new Set(local.filter((one) => one.family === family).map((one) => one.address)),
  ]
  return { v4: of(4), v6: of(6), fromHosts: true }
}

const NO_RECORD = new Set(['ENOTFOUND', 'ENODATA', 'NOTFOUND', 'NODATA'])

/** Null when no server answered, which is something else than "there is none". */
const orNone = async (asked: Promise<string[]>): Promise<string[] | null> => {
  try {
    return await within(ANSWER_MS, asked)
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code).replace(/^DNS_/, '')
    return NO_RECORD.has(code) ? [] : null
  }
}

import { terminatesTls } from '../../config/check.ts'
import type { Config } from '../../config/schema.ts'
import { accepts } from '../../lib/sockets.ts'
import type { Addresses } from '../../livekit/addresses.ts'
import { hostOf } from './name.ts'

const ANSWER_MS = 3000
const DEFAULT_PORT: Record<string, number> = { 'https:': 443, 'http:': 80 }

/** Where people knock, and where we do to be one of them. */
export interface Door {
  name: string
  port: number
  /** dialed in the place of the name, since from here that leads nowhere; null: the name itself */
  via: string | null
}

/**
 * The public name, if it can be reached from this machine. A router that does not lead its own
 * public address back inside is no fault: then it is our own address, asked for by that name.
 */
export const findDoor = async (
  config: Config,
  publicUrl: string,
  addresses: Addresses,
): Promise<Door> => {
  const { protocol, port: written } = new URL(publicUrl)
  const port = Number(written || DEFAULT_PORT[protocol])
  const door: Door = { name: hostOf(publicUrl), port, via: null }
  const isBehindNat = terminatesTls(config) && addresses.public !== addresses.host
  if (!isBehindNat || (await accepts(door.name, port, ANSWER_MS))) return door
  const { https_port } = config.tls
  return (await accepts(addresses.host, https_port, ANSWER_MS))
    ? { ...door, port: https_port, via: addresses.host }
    : door
}

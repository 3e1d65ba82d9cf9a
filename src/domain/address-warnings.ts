import { terminatesTls } from '../config/check.ts'
import type { Config } from '../config/schema.ts'
import { isPublic } from '../lib/networks.ts'
import type { Addresses } from '../livekit/addresses.ts'

interface Warning {
  code: string
  message: string
  hint: string
}

/** What is not right about where this machine is found. */
export const addressWarnings = (config: Config, addresses: Addresses): Warning[] => [
  ...remembered(addresses),
  ...unknown(config, addresses),
  ...withoutRelay(config, addresses),
]

const remembered = ({ source, public: outside }: Addresses): Warning[] =>
  source === 'remembered'
    ? [
        {
          code: 'public_address_remembered',
          message: `nobody could be asked for this machine's public address; ${outside} is used, as last time`,
          hint: 'Set livekit.node_ip, or start the server again when it reaches the internet.',
        },
      ]
    : []

const unknown = ({ tls }: Config, { source, public: outside }: Addresses): Warning[] =>
  source === 'interface' && tls.mode !== 'internal' && !isPublic(outside)
    ? [
        {
          code: 'public_address_unknown',
          message: `this machine's public address could not be found; clients are told ${outside}, which only its own network reaches`,
          hint: 'Set livekit.node_ip to the public address.',
        },
      ]
    : []

const withoutRelay = (config: Config, { relay }: Addresses): Warning[] =>
  terminatesTls(config) && !relay.offered
    ? [
        {
          code: 'relay_not_offered',
          message: `people behind firewalls that let only HTTPS out cannot be in calls: ${relay.reason}`,
          hint: 'golive doctor says what to do about it.',
        },
      ]
    : []

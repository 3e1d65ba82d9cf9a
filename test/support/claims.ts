import type { JoinClaims } from '../../src/domain/tokens.ts'

/** What a join token of this identity says, where a test cares for little of it. */
export const claimsOf = (identity: string, more: Partial<JoinClaims> = {}): JoinClaims => ({
  identity,
  room: 'acme_standup',
  grants: {
    canPublish: true,
    canSubscribe: true,
    canPublishData: true,
    canUpdateOwnMetadata: false,
    hidden: false,
  },
  apiKey: 'lkv_1',
  tenantId: 'tenant',
  roomId: 'room',
  issuedAt: 0,
  notBefore: 0,
  expiresAt: 2 ** 40,
  onDuplicate: 'replace',
  ejectAt: null,
  ...more,
})

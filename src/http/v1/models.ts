import { Elysia } from 'elysia'
import { eventPageWire } from './event-shapes.ts'
import {
  keyCreate,
  keyRotate,
  roleInput,
  roomCreate,
  roomSettings,
  tokenRequest,
} from './inputs.ts'
import {
  dataInput,
  inspectInput,
  muteInput,
  participantChanges,
  revocationInput,
  rpcInput,
} from './moderation-inputs.ts'
import {
  banWire,
  erasureWire,
  inspectionWire,
  participantWire,
  revocationWire,
  roleWire,
  rpcWire,
  sentWire,
} from './participant-shapes.ts'
import { callSessionWire, sessionParticipantWire } from './session-shapes.ts'
import { keyWire, listOf, meWire, mintedWire, newKeyWire, problemWire, roomWire } from './shapes.ts'
import { usageWire } from './usage-shapes.ts'

import {
  deliveryWire,
  newWebhookWire,
  rangeWire,
  secretRotate,
  testWire,
  webhookCreate,
  webhookPatch,
  webhookWire,
} from './webhook-shapes.ts'

/** The schemas that the OpenAPI document names, for the routes that use them. */
export const models = () =>
  new Elysia({ name: 'v1-models' }).model({
    Me: meWire,
    Room: roomWire,
    RoomList: listOf(roomWire),
    RoomCreate: roomCreate,
    RoomSettings: roomSettings,
    TokenRequest: tokenRequest,
    Token: mintedWire,
    Key: keyWire,
    KeyList: listOf(keyWire),
    NewKey: newKeyWire,
    KeyCreate: keyCreate,
    KeyRotate: keyRotate,
    Participant: participantWire,
    ParticipantList: listOf(participantWire),
    ParticipantChanges: participantChanges,
    Mute: muteInput,
    DataMessage: dataInput,
    Sent: sentWire,
    RpcCall: rpcInput,
    RpcAnswer: rpcWire,
    BanList: listOf(banWire),
    RevocationCreate: revocationInput,
    Revocation: revocationWire,
    Erasure: erasureWire,
    Role: roleWire,
    RoleList: listOf(roleWire),
    RoleSettings: roleInput,
    TokenInspect: inspectInput,
    Inspection: inspectionWire,
    Webhook: webhookWire,
    WebhookList: listOf(webhookWire),
    NewWebhook: newWebhookWire,
    WebhookCreate: webhookCreate,
    WebhookPatch: webhookPatch,
    SecretRotate: secretRotate,
    WebhookTest: testWire,
    DeliveryList: listOf(deliveryWire),
    Replay: rangeWire,
    Session: callSessionWire,
    SessionList: listOf(callSessionWire),
    SessionParticipantList: listOf(sessionParticipantWire),
    Usage: usageWire,
    EventPage: eventPageWire,
    Problem: problemWire,
  })

/** Any call may be refused so. */
export const REFUSALS = {
  400: 'Problem',
  401: 'Problem',
  422: 'Problem',
  429: 'Problem',
  500: 'Problem',
} as const

/** And any call with a body so. */
export const BODY_REFUSALS = {
  ...REFUSALS,
  413: 'Problem',
  415: 'Problem',
  503: 'Problem',
} as const

import { Elysia } from 'elysia'
import { eventPageWire } from '../v1/event-shapes.ts'
import { keyCreate, keyRotate, roomCreate, tokenRequest } from '../v1/inputs.ts'
import { BODY_REFUSALS, REFUSALS } from '../v1/models.ts'
import { inspectInput } from '../v1/moderation-inputs.ts'
import { callSessionWire } from '../v1/session-shapes.ts'
import { keyWire, listOf, mintedWire, newKeyWire, problemWire, roomWire } from '../v1/shapes.ts'
import { ledgerWire, usageWire } from '../v1/usage-shapes.ts'
import { deliveryWire, rangeWire, webhookWire } from '../v1/webhook-shapes.ts'
import { newestEventsWire, refusedJoinWire, stayWire } from './history-shapes.ts'
import {
  adminCreate,
  passwordChange,
  restartRequest,
  signIn,
  tenantCreate,
  tenantPatch,
  tokenCreate,
} from './inputs.ts'
import * as shapes from './shapes.ts'
import { statusWire } from './status-shapes.ts'

/** The schemas that the operator's OpenAPI document names, for the routes that use them. */
export const adminModels = () =>
  new Elysia({ name: 'admin-models' })
    .model({
      Caller: shapes.callerWire,
      SignIn: signIn,
      PasswordChange: passwordChange,
      SessionList: shapes.wholeListOf(shapes.sessionWire),
      AdminList: shapes.wholeListOf(shapes.adminWire),
      AdminCreate: adminCreate,
      Invitation: shapes.invitationWire,
      AdminTokenList: listOf(shapes.adminTokenWire),
      AdminTokenCreate: tokenCreate,
      NewAdminToken: shapes.newAdminTokenWire,
      AuditList: listOf(shapes.auditWire),
      Status: statusWire,
      CallList: shapes.wholeListOf(shapes.callWire),
      RestartRequest: restartRequest,
      Accepted: shapes.acceptedWire,
      CheckCall: shapes.checkCallWire,
      DoctorReport: shapes.doctorReportWire,
    })
    .model({
      CallSession: callSessionWire,
      CallSessionList: listOf(callSessionWire),
      StayList: listOf(stayWire),
      RefusedJoinList: listOf(refusedJoinWire),
      Usage: usageWire,
      Ledger: ledgerWire,
      EventPage: eventPageWire,
      NewestEvents: newestEventsWire,
      Tenant: shapes.operatorTenantWire,
      TenantList: listOf(shapes.operatorTenantWire),
      TenantCreate: tenantCreate,
      NewTenant: shapes.newTenantWire,
      TenantPatch: tenantPatch,
      TenantProblemList: shapes.wholeListOf(shapes.tenantProblemWire),
      Room: roomWire,
      RoomList: listOf(roomWire),
      RoomCreate: roomCreate,
      RoomWithPeople: shapes.roomWithPeopleWire,
      TokenRequest: tokenRequest,
      Token: mintedWire,
      TokenInspect: inspectInput,
      Inspection: shapes.operatorInspectionWire,
      KeyList: listOf(keyWire),
      NewKey: newKeyWire,
      KeyCreate: keyCreate,
      KeyRotate: keyRotate,
      WebhookList: listOf(webhookWire),
      DeliveryList: listOf(deliveryWire),
      Replay: rangeWire,
      Problem: problemWire,
    })

/** Any call may be refused so: 404 where the operator's API is not for the caller's network or host. */
export const ADMIN_REFUSALS = { ...REFUSALS, 403: 'Problem', 404: 'Problem' } as const

/** Any change may be refused so, too. */
export const CHANGE_REFUSALS = { ...ADMIN_REFUSALS, 503: 'Problem' } as const

/** And any call with a body so. */
export const ADMIN_BODY_REFUSALS = { ...BODY_REFUSALS, 403: 'Problem', 404: 'Problem' } as const

/** Of the calls that the guard lets in nowhere else. */
export const ON_THE_MACHINE =
  'Only on the server itself, by the unix socket `<data_dir>/golive.sock`; elsewhere 404.'

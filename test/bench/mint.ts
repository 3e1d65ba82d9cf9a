import { join } from 'node:path'
import type { Bench } from './bench.ts'
import {
  type BenchTenant,
  copyRoomToAllTenants,
  createRoom,
  createTenant,
  mintText,
  TOKEN_BODY,
} from './golive-api.ts'
import { loadPairs, postRequest, type Target } from './load.ts'
import { type RunningGolive, startBare, startExpress, startGolive } from './processes.ts'
import { type Result, spread } from './report.ts'

const ROOM = 'bench'
const TENANTS = 1000
const ROOMS_EACH = 100

const mintRequest = (tenant: BenchTenant, room: string): string =>
  postRequest(`/api/v1/rooms/${room}/tokens`, tenant.authorization, TOKEN_BODY)

const withRoom = async (golive: RunningGolive, slug: string): Promise<[BenchTenant, Target]> => {
  const tenant = await createTenant(golive, slug)
  await createRoom(golive, tenant, ROOM)
  return [tenant, { port: golive.port, pid: golive.pid, requests: [mintRequest(tenant, ROOM)] }]
}

const compare = async (a: Target, b: Target, atLeast: number): Promise<Pick<Result, Measured>> => {
  const { ratios, a: left, b: right } = await loadPairs(a, b)
  const measured = spread(ratios)
  const details = { pairs: ratios.length, golive: left, other: right }
  return { ...measured, unit: '×', reached: measured.median >= atLeast, details }
}
type Measured = 'median' | 'min' | 'max' | 'unit' | 'reached' | 'details'

export const mintAgainstBare: Bench = {
  id: 'mint-bare',
  async measure({ golive, dir, using }) {
    const server = await golive()
    const [tenant, target] = await withRoom(server, 'mint-bare')
    const bare = await using(startBare(join(dir, 'bare'), await mintText(server, tenant, ROOM)))
    const other = { port: bare.port, pid: bare.pid, requests: target.requests }
    const measured = await compare(target, other, 0.35)
    await bare.stop()
    return [
      {
        id: 'mint-bare',
        what: 'mint, 32 connections',
        against: 'bare Bun.serve, same body, same answer',
        target: '≥ 0.35',
        ...measured,
      },
    ]
  },
}

export const mintAgainstExpress: Bench = {
  id: 'mint-express',
  async measure({ golive, dir, using }) {
    const server = await golive()
    const [tenant, target] = await withRoom(server, 'mint-express')
    const env = { BENCH_KEY: tenant.apiKey, BENCH_SECRET: tenant.apiSecret }
    const express = await using(startExpress(join(dir, 'express'), env))
    const other = { port: express.port, pid: express.pid, requests: target.requests }
    const measured = await compare(target, other, 6)
    await express.stop()
    return [
      {
        id: 'mint-express',
        what: 'mint, 32 connections',
        against: 'Express + livekit-server-sdk on Node',
        target: '≥ 6',
        ...measured,
      },
    ]
  },
}

/** A server whose database is full, and mint requests that go round all of its tenants. */
const startFilled = async (binary: string, dir: string): Promise<[RunningGolive, Target]> => {
  const filling = await startGolive(binary, dir)
  const tenants: BenchTenant[] = []
  try {
    for (let n = 0; n < TENANTS; n++) tenants.push(await createTenant(filling, `tenant-${n}`))
    await withRoom(filling, 'template')
  } finally {
    await filling.stop()
  }
  copyRoomToAllTenants(filling.dataDir, ROOM, ROOMS_EACH)
  const golive = await startGolive(binary, dir)
  const requests = tenants.map((tenant, n) => mintRequest(tenant, `room-${n % ROOMS_EACH}`))
  return [golive, { port: golive.port, pid: golive.pid, requests }]
}

export const mintFilled: Bench = {
  id: 'mint-filled',
  async measure({ golive, binary, dir, using }) {
    const [, empty] = await withRoom(await golive(), 'mint-filled')
    const started = startFilled(binary, join(dir, 'filled'))
    const filled = await using(started.then(([server]) => server))
    const measured = await compare((await started)[1], empty, 0.85)
    await filled.stop()
    return [
      {
        id: 'mint-filled',
        what: `mint over ${TENANTS} tenants × ${ROOMS_EACH} rooms`,
        against: 'one room in an empty database',
        target: '≥ 0.85',
        ...measured,
      },
    ]
  },
}

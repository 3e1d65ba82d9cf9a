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
  return [tenant, { port: golive.port, pids: [golive.pid], requests: [mintRequest(tenant, ROOM)] }]
}

const compare = async (a: Target, b: Target, atLeast: number): Promise<Pick<Result, Measured>> => {
  const { ratios, a: left, b: right } = await loadPairs(a, b)
  const measured = spread(ratios)
  // Of processor time for one request: it hardly moves when others use the machine, too.
  const cpu_ratio = right.cpuMicros / left.cpuMicros
  const details = { pairs: ratios.length, golive: left, other: right, cpu_ratio }
  return { ...measured, unit: '×', reached: measured.median >= atLeast, details }
}
type Measured = 'median' | 'min' | 'max' | 'unit' | 'reached' | 'details'

export const mintAgainstBare: Bench = {
  id: 'mint-bare',
  async measure({ golive, dir, using }) {
    const server = await golive()
    const [tenant, target] = await withRoom(server, 'mint-bare')
    const bare = await using(startBare(join(dir, 'bare'), await mintText(server, tenant, ROOM)))
    const other = { port: bare.port, pids: [bare.pid], requests: target.requests }
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
    const other = { port: express.port, pids: [express.pid], requests: target.requests }
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

interface Filled {
  golive: RunningGolive
  /** asks for the same room again and again, as the other side is asked */
  oneRoom: Target
  /** goes round all tenants, a room of each */
  allTenants: Target
}

const startFilled = async (binary: string, dir: string): Promise<Filled> => {
  const filling = await startGolive(binary, dir)
  const tenants: BenchTenant[] = []
  let requests: string[]
  try {
    for (let n = 0; n < TENANTS; n++) tenants.push(await createTenant(filling, `tenant-${n}`))
    requests = (await withRoom(filling, 'template'))[1].requests
  } finally {
    await filling.stop()
  }
  copyRoomToAllTenants(filling.dataDir, ROOM, ROOMS_EACH)
  const golive = await startGolive(binary, dir)
  const { port } = golive
  const pids = [golive.pid]
  const round = tenants.map((tenant, n) => mintRequest(tenant, `room-${n % ROOMS_EACH}`))
  return { golive, oneRoom: { port, pids, requests }, allTenants: { port, pids, requests: round } }
}

export const mintFilled: Bench = {
  id: 'mint-filled',
  async measure({ golive, binary, dir, using }) {
    const [, empty] = await withRoom(await golive(), 'mint-filled')
    const starting = startFilled(binary, join(dir, 'filled'))
    const filled = await using(starting.then((started) => started.golive))
    const { oneRoom, allTenants } = await starting
    const against = 'the same, empty'
    const same = await compare(oneRoom, empty, 0.85)
    const spread = await compare(allTenants, empty, 0.85)
    await filled.stop()
    const what = `mint, ${TENANTS} tenants × ${ROOMS_EACH} rooms in the database`
    return [
      { id: 'mint-filled', what, against, target: '≥ 0.85', ...same },
      {
        id: 'mint-round',
        what: 'that, going round all the tenants',
        against,
        target: 'report',
        ...spread,
        reached: null,
      },
    ]
  },
}

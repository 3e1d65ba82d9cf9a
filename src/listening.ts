import { terminatesTls } from './config/check.ts'
import type { Config } from './config/schema.ts'
import { StartError } from './domain/errors.ts'
import type { Intake } from './domain/intake.ts'
import { serveLivekitHook } from './http/livekit-hook.ts'
import { systemClock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import { describeHolder } from './lib/sockets.ts'
import { type Addresses, publicUrl } from './livekit/addresses.ts'
import { TlsFront, TlsPortError } from './tls/front.ts'
import { StunResponder } from './tls/stun-responder.ts'

interface Where {
  config: Config
  addresses: Addresses
  dataDir: string
  log: Logger
}

/** The ports that end TLS; null where it does not end here. */
export const createFront = ({ config, addresses, dataDir, log }: Where): TlsFront | null =>
  terminatesTls(config)
    ? new TlsFront({
        config,
        name: config.tls.domain ?? addresses.public,
        publicUrl: publicUrl(config, addresses),
        dataDir,
        turn: addresses.relay.offered
          ? {
              host: addresses.host,
              port: config.livekit.turn_port,
              mediaPort: config.livekit.udp_port,
            }
          : null,
        edgeScript: new URL('./tls/edge-worker.ts', import.meta.url).href,
        clock: systemClock,
        log,
      })
    : null

/** @throws StartError */
export const openFront = async (front: TlsFront | null): Promise<void> => {
  try {
    await front?.start()
  } catch (cause) {
    if (!(cause instanceof TlsPortError)) throw new StartError((cause as Error).message, { cause })
    throw new StartError(cause.isTaken ? describeHolder('tcp', cause.port) : cause.message, {
      cause,
    })
  }
}

/** Clients are told of it, so that they ask nobody else for their own address. @throws StartError */
export const answerStun = async (host: string, port: number): Promise<StunResponder> => {
  const responder = new StunResponder()
  try {
    await responder.start([host], port)
    return responder
  } catch (cause) {
    responder.stop()
    const { code, message } = cause as NodeJS.ErrnoException
    const sentence = `cannot listen on udp port ${port} of ${host}: ${message}`
    throw new StartError(code === 'EADDRINUSE' ? describeHolder('udp', port) : sentence, { cause })
  }
}

/**
 * A livekit-server that is still running reports to the port in its record; without it only sweeps tell.
 * @param recorded null when none is running
 */
export const listenForReports = (
  intake: Intake,
  recorded: number | null,
  log: Logger,
): Bun.Server<undefined> => {
  try {
    return serveLivekitHook(intake, recorded ?? 0)
  } catch {
    log.warn(
      { port: recorded },
      'the port for reports of the running livekit-server is taken; restart it to use another',
    )
    return serveLivekitHook(intake, 0)
  }
}

/** @throws StartError that names who holds the port */
export const orTaken = <T>(port: number, listen: () => T): T => {
  try {
    return listen()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    throw new StartError(describeHolder('tcp', port), { cause })
  }
}

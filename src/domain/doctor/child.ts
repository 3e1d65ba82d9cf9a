import { LIVEKIT_VERSION } from '../../livekit/version.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** The server that answers. */
export const checkServer = (
  check: Check,
  { server, silence, processes, config, publicUrl }: Subject,
): Finding => {
  if (silence !== null)
    return check.fail(silence, 'journalctl -u golive -n 50; systemctl restart golive  # calls end')
  return server
    ? check.ok(`runs (pid ${processes.server ?? 'unknown'}) and serves ${publicUrl}`)
    : check.warn(
        `no server runs on ${config.data_dir}, so no call was tried`,
        'systemctl start golive  # or: golive serve',
      )
}

/** livekit-server, which carries the calls. */
export const checkLivekit = (check: Check, { server }: Subject): Finding => {
  if (!server) return check.skipped('no server runs')
  const { state, version, pid, restart_needed, last_lines } = server.livekit
  if (state !== 'running') {
    const last = last_lines.at(-1)
    return check.fail(
      `it is ${state}, so nobody can join${last === undefined ? '' : `; its last line: ${last}`}`,
      'golive status  # its last lines; when the cause is mended it comes back by itself',
    )
  }
  const running = `${version} runs (pid ${pid})`
  const apply = 'golive stop && systemctl start golive  # when no call is running'
  if (restart_needed) return check.warn(`${running} with earlier settings`, apply)
  if (version !== LIVEKIT_VERSION)
    return check.warn(`${running}, and this golive brings ${LIVEKIT_VERSION}`, apply)
  return check.ok(running)
}

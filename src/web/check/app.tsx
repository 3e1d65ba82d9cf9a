import { useEffect, useState, useSyncExternalStore } from 'react'
import { Brand } from '../call/brand.tsx'
import { Preview } from '../call/preview.ts'
import { Checkup } from './checkup.ts'
import { Devices, useNotes } from './devices.tsx'
import { Intro } from './intro.tsx'
import { NetworkCard } from './network.tsx'
import { reportOf } from './report.ts'
import { Report } from './report-card.tsx'
import { verdictOf } from './verdict.ts'
import { VerdictCard } from './verdict-card.tsx'

/** The page that tells people whether calls will work for them, before they need one. */
export const App = () => {
  const [round, setRound] = useState(0)
  return (
    <main className="screen check-screen">
      <Brand />
      {round === 0 ? (
        <Intro onStart={() => setRound(1)} />
      ) : (
        <Round key={round} onAgain={() => setRound(round + 1)} />
      )}
    </main>
  )
}

const Round = ({ onAgain }: { onAgain: () => void }) => {
  const [preview] = useState(() => new Preview({}))
  const [checkup] = useState(() => new Checkup())
  const devices = useSyncExternalStore(preview.subscribe, preview.snapshot)
  const network = useSyncExternalStore(checkup.subscribe, checkup.snapshot)
  const [heard, setHeard] = useState(false)
  const notes = useNotes(devices, heard)

  useEffect(() => {
    void preview.open('microphone', 'camera')
    void checkup.run()
    return () => {
      preview.close('microphone')
      preview.close('camera')
    }
  }, [preview, checkup])

  const isAsking = devices.camera.pending || devices.microphone.pending
  const verdict = network.over && !isAsking ? verdictOf(network, devices, location.host) : null
  const { origin } = location
  const { userAgent } = navigator
  return (
    <div className="check">
      <VerdictCard verdict={verdict} isAsking={isAsking} onAgain={onAgain} />
      <Devices state={devices} preview={preview} onHeard={() => setHeard(true)} heard={heard} />
      <NetworkCard network={network} />
      {verdict && (
        <Report
          text={reportOf({ origin, at: new Date(), userAgent, verdict, ...notes, network })}
        />
      )}
    </div>
  )
}

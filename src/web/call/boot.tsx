import { setLogLevel } from '@livekit/components-react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { readLink } from './link.ts'
import { NoticeScreen } from './notice-screen.tsx'
import { CRASHED } from './notices.ts'
import '@livekit/components-styles/components/layout/index.css'
import '@livekit/components-styles/components/participant/index.css'
import '../base.css'
import './styles/widgets.css'
import './styles/lobby.css'
import './styles/call.css'
import './styles/chat.css'

declare global {
  /** Left here by the inline script of the page, which took it out of the address bar. */
  var callFragment: string | undefined
}

const start = (): void => {
  // The SDK's lower levels print the addresses it connects to, and those carry the token.
  setLogLevel('silent', { liveKitClientLogLevel: 'error' })
  const root = createRoot(document.getElementById('root') as HTMLElement, {
    onUncaughtError: () => root.render(<NoticeScreen notice={CRASHED} />),
  })
  let visit = 0
  const show = (fragment: string) =>
    root.render(<App key={visit++} link={readLink(fragment)} reloaded={history.state?.opened} />)

  // A second link opened in this very tab changes the fragment only: no page load happens.
  addEventListener('hashchange', () => {
    const fragment = location.hash
    if (fragment === '') return
    history.replaceState({ opened: true }, '', location.pathname)
    show(fragment)
  })
  show(globalThis.callFragment ?? '')
  globalThis.callFragment = undefined
}

start()

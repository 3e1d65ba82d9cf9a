import { LogLevel, setLogLevel } from 'livekit-client'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import '../base.css'
import '../call/styles/widgets.css'
import './check.css'
import './devices.css'

// The SDK prints the addresses it connects to, and those carry the token.
setLogLevel(LogLevel.silent)
createRoot(document.getElementById('root') as HTMLElement).render(<App />)

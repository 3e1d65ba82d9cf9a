import { Icon, type IconName } from '../call/icons.tsx'

const STEPS: [IconName, string][] = [
  ['camera', 'Your camera and microphone are opened. Nothing is recorded, and nobody sees you.'],
  ['signal', 'Every way to the server is tried. That takes less than a minute.'],
  ['chat', 'You read whether calls will work, and what to do if not.'],
]

export const Intro = ({ onStart }: { onStart: () => void }) => (
  <section className="card intro">
    <h1>Will calls work for you?</h1>
    <p>This page checks your camera, your microphone and your connection to this server.</p>
    <ol>
      {STEPS.map(([icon, text]) => (
        <li key={icon}>
          <span className="badge">
            <Icon name={icon} />
          </span>
          {text}
        </li>
      ))}
    </ol>
    <button type="button" className="button primary wide" onClick={onStart}>
      Start the check
    </button>
  </section>
)

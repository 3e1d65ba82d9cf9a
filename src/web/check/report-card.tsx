import { useRef, useState } from 'react'

/** What to send to somebody who helps. */
export const Report = ({ text }: { text: string }) => {
  const box = useRef<HTMLPreElement>(null)
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      // Pages without https have no clipboard; there the text is selected instead.
      if (box.current) getSelection()?.selectAllChildren(box.current)
      setSaid('Selected: copy it with Ctrl+C')
    }
  }
  return (
    <section className="card part report">
      <h2>Report</h2>
      <p>Send this to whoever helps you. It holds no password and no secret.</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must get there */}
      {/* biome-ignore lint/a11y/useSemanticElements: a section would be one box more around it */}
      <pre ref={box} tabIndex={0} role="region" aria-label="Report">
        {text}
      </pre>
      <div className="actions">
        <button type="button" className="button" onClick={copy}>
          Copy the report
        </button>
        <span role="status">{said}</span>
      </div>
    </section>
  )
}

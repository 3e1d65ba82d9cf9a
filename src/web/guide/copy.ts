const SHOWN_MS = 2000

/** Gives every sample a button. `said` is where screen readers hear that it worked. */
export const addCopyButtons = (said: HTMLElement): void => {
  for (const sample of document.querySelectorAll<HTMLElement>('.sample')) {
    const code = sample.querySelector('code')
    const caption = sample.querySelector('figcaption')
    const box = sample.querySelector('pre')
    if (!code || !caption || !box) continue
    // Long lines scroll inside the box: the keyboard must get there, too.
    box.tabIndex = 0
    box.role = 'region'
    box.ariaLabel = caption.textContent
    caption.append(buttonFor(code, caption.textContent ?? '', said))
  }
}

const buttonFor = (code: HTMLElement, name: string, said: HTMLElement): HTMLButtonElement => {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button small'
  button.textContent = 'Copy'
  button.ariaLabel = `Copy ${name}`
  button.addEventListener('click', async () => {
    const done = await copy(code)
    button.textContent = done ? 'Copied' : 'Selected'
    said.textContent = done ? `${name} is copied` : `${name} is selected: copy it with Ctrl+C`
    setTimeout(() => {
      button.textContent = 'Copy'
    }, SHOWN_MS)
  })
  return button
}

/** Pages without https have no clipboard; there the text is selected instead. */
const copy = async (code: HTMLElement): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(`${code.textContent}\n`)
    return true
  } catch {
    getSelection()?.selectAllChildren(code)
    return false
  }
}

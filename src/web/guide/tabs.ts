/**
 * Turns panels that stand below each other into tabs (ARIA Authoring Practices, "Tabs" with
 * automatic activation): Tab reaches the chosen one, arrows, Home and End choose another.
 */
export const makeTabs = (group: HTMLElement): void => {
  const panels = [...group.querySelectorAll<HTMLElement>(':scope > .panel')]
  const tabs = panels.map(tabOf)
  const choose = (chosen: number) => {
    for (const [at, tab] of tabs.entries()) {
      tab.ariaSelected = String(at === chosen)
      tab.tabIndex = at === chosen ? 0 : -1
      panels[at]?.toggleAttribute('hidden', at !== chosen)
    }
  }
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(at))
    tab.addEventListener('keydown', (event) => {
      const next = nextOf(event.key, at, tabs.length)
      if (next === null) return
      event.preventDefault()
      choose(next)
      tabs[next]?.focus()
    })
  }
  group.prepend(listOf(tabs, group.dataset.label ?? ''))
  choose(linked(panels))
  addEventListener('hashchange', () => choose(linked(panels, selected(tabs))))
}

const tabOf = (panel: HTMLElement): HTMLButtonElement => {
  const tab = document.createElement('button')
  tab.type = 'button'
  tab.role = 'tab'
  tab.id = `tab-${panel.id}`
  tab.textContent = panel.dataset.tab ?? ''
  tab.setAttribute('aria-controls', panel.id)
  panel.role = 'tabpanel'
  panel.setAttribute('aria-labelledby', tab.id)
  return tab
}

const listOf = (tabs: HTMLElement[], label: string): HTMLElement => {
  const list = document.createElement('div')
  list.role = 'tablist'
  list.ariaLabel = label
  list.append(...tabs)
  return list
}

const nextOf = (key: string, at: number, count: number): number | null => {
  if (key === 'ArrowRight') return (at + 1) % count
  if (key === 'ArrowLeft') return (at + count - 1) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return null
}

const selected = (tabs: HTMLElement[]): number =>
  tabs.findIndex((tab) => tab.ariaSelected === 'true')

/** The panel that the address names, so that a link can point at one language. */
const linked = (panels: HTMLElement[], otherwise = 0): number => {
  const at = panels.findIndex((panel) => `#${panel.id}` === location.hash)
  return at < 0 ? otherwise : at
}

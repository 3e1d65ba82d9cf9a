import { addCopyButtons } from './copy.ts'
import { showOperations } from './operations.ts'
import { makeTabs } from './tabs.ts'

/** As the server takes slugs: what does not look like one is not put into the page. */
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/

const nameTenant = (slug: string | null): void => {
  if (slug === null || !SLUG.test(slug)) return
  for (const place of document.querySelectorAll('[data-tenant]')) place.textContent = slug
  document.getElementById('for-tenant')?.removeAttribute('hidden')
}

/** What scrolls sideways on a narrow screen must be in reach of the keyboard. */
const letScroll = (box: HTMLElement): void => {
  box.tabIndex = 0
  box.role = 'region'
  box.ariaLabel = box.dataset.label ?? null
}

nameTenant(new URLSearchParams(location.search).get('tenant'))
for (const group of document.querySelectorAll<HTMLElement>('.tabs')) makeTabs(group)
for (const box of document.querySelectorAll<HTMLElement>('.wide')) letScroll(box)
addCopyButtons(document.getElementById('said') as HTMLElement)
void showOperations(document.getElementById('operations') as HTMLElement)

import type { ErrorCode } from '../domain/errors.ts'
import type { RefusalCode } from '../domain/refusal.ts'
import { SAMPLES } from './guide-samples.ts'
import { API_TROUBLES, GATE_TROUBLES, type Trouble } from './guide-troubles.ts'
import { statusOf } from './problem.ts'
import { statusOfRefusal } from './signaling.ts'

/** What of this server stands in the integration guide. */
export interface GuideFacts {
  publicUrl: string
  wsUrl: string
  operatorContact: string | null
}

/**
 * Fills the guide's page. A placeholder is `{{name}}` or `{{kind:name}}`.
 * @throws when the page asks for what there is not
 */
export const renderGuide = (html: string, facts: GuideFacts): string => {
  const values = new Map([
    ...addresses(facts),
    ['contact', contact(facts.operatorContact)],
    ['troubles:gate', rows(GATE_TROUBLES, (code) => statusOfRefusal(code as RefusalCode))],
    ['troubles:api', rows(API_TROUBLES, (code) => statusOf(code as ErrorCode))],
  ])
  return html.replace(PLACEHOLDER, (_, name: string) => {
    const value = name.startsWith('sample:') ? sample(name.slice(7), facts) : values.get(name)
    if (value === undefined) throw new Error(`the guide has no ${name}`)
    return value
  })
}

const PLACEHOLDER = /\{\{([a-z_]+(?::[a-z-]+)?)\}\}/g

/** As HTML. Whose slug it is, only the reader's address bar knows: the page's script puts it here. */
const addresses = ({ publicUrl, wsUrl }: GuideFacts): Map<string, string> =>
  new Map([
    ['public_url', escapeHtml(publicUrl)],
    ['ws_url', escapeHtml(wsUrl)],
    ['tenant', '<span data-tenant>your-tenant</span>'],
  ])

const sample = (name: string, facts: GuideFacts): string | undefined => {
  const values = addresses(facts)
  const text = Object.hasOwn(SAMPLES, name) ? SAMPLES[name] : undefined
  return text === undefined
    ? undefined
    : highlight(text.trimEnd()).replace(PLACEHOLDER, (_, key: string) => values.get(key) ?? '')
}

/** Comments of whole lines and texts in quotes: enough to read by, in any of the languages. */
const TOKENS =
  /(?<comment>^[ \t]*(?:#|\/\/|\/\*\*).*$)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\\n]|\\.)*`)/gm

const highlight = (text: string): string => {
  let html = ''
  let end = 0
  for (const match of text.matchAll(TOKENS)) {
    const kind = match.groups?.comment === undefined ? 'text' : 'comment'
    html += `${escapeHtml(text.slice(end, match.index))}<span class="${kind}">${escapeHtml(match[0])}</span>`
    end = match.index + match[0].length
  }
  return html + escapeHtml(text.slice(end))
}

const rows = (troubles: Record<string, Trouble>, status: (code: string) => number): string =>
  Object.entries(troubles)
    .map(([code, { symptom, remedy }]) =>
      [
        `<tr><td>${inline(symptom)}</td>`,
        `<td class="code"><span>${status(code)}</span> <code>${code}</code></td>`,
        `<td>${inline(remedy)}</td></tr>`,
      ].join(''),
    )
    .join('\n')

/** Text with `code` in it. */
const inline = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const contact = (operator: string | null): string => {
  if (operator === null) return 'the people who gave you your <code>api_key</code>'
  const text = escapeHtml(operator)
  if (/^https?:\/\/\S+$/i.test(operator)) return `<a href="${text}" rel="noreferrer">${text}</a>`
  if (/^[^\s@]+@[^\s@]+$/.test(operator)) return `<a href="mailto:${text}">${text}</a>`
  return text
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string)

import { ActionIcon, Button } from '@mantine/core'
import { callForTable } from '../api.ts'
import { Icon } from '../parts/icons.tsx'
import { Trouble } from '../parts/states.tsx'
import { useAct } from '../queries.ts'
import { useAsked } from '../router.tsx'

const NAME = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })
/** No tenant is older than the program. */
const FIRST = '2020-01'

/** Such as 2026-11; months are in UTC, as usage is. */
const thisMonth = (): string => new Date().toISOString().slice(0, 7)

const beside = (month: string, by: 1 | -1): string => {
  const date = new Date(`${month}-01T00:00:00Z`)
  date.setUTCMonth(date.getUTCMonth() + by)
  return date.toISOString().slice(0, 7)
}

/** How many days a month such as 2026-11 has. */
export const daysIn = (month: string): number =>
  new Date(Date.parse(`${beside(month, 1)}-01T00:00:00Z`) - 1).getUTCDate()

export const monthName = (month: string): string => NAME.format(new Date(`${month}-01T00:00:00Z`))

/** The month that is looked at, in the address as well; this one, unless it names another. */
export const useMonth = (): [string, (month: string) => void] => {
  const [asked, ask] = useAsked('month')
  const now = thisMonth()
  const isMonth = asked !== null && /^20\d\d-(0[1-9]|1[0-2])$/.test(asked) && asked <= now
  return [isMonth ? asked : now, (month) => ask(asMonthQuery(month))]
}

/** How an address names a month: this one goes without saying. */
export const asMonthQuery = (month: string): string | null => (month === thisMonth() ? null : month)

const OPEN_MS = 15_000
const CLOSED_MS = 5 * 60_000

/** How often what a month used is asked for: it costs more than a look at what runs. */
export const everyOf = (month: string): number => (month === thisMonth() ? OPEN_MS : CLOSED_MS)

interface MonthSwitchProps {
  month: string
  onMonth: (month: string) => void
}

export const MonthSwitch = ({ month, onMonth }: MonthSwitchProps) => (
  <div className="month-switch">
    <ActionIcon
      variant="default"
      size="lg"
      aria-label="The month before"
      disabled={month <= FIRST}
      onClick={() => onMonth(beside(month, -1))}
    >
      <Icon name="back" />
    </ActionIcon>
    <output className="month-name">{monthName(month)}</output>
    <ActionIcon
      variant="default"
      size="lg"
      aria-label="The month after"
      disabled={month >= thisMonth()}
      onClick={() => onMonth(beside(month, 1))}
    >
      <Icon name="forward" />
    </ActionIcon>
  </div>
)

/** Saves a table of the admin API. @param what named to who hears the button only */
export const SaveTable = ({ path, what }: { path: string; what: string }) => {
  const save = useAct(async () => saveFile(await callForTable(path)))
  return (
    <>
      <Button variant="default" loading={save.isPending} onClick={() => save.mutate()}>
        CSV<span className="hidden"> of {what}</span>
      </Button>
      {save.error && <Trouble error={save.error} />}
    </>
  )
}

const saveFile = ({ name, file }: { name: string; file: Blob }): void => {
  const url = URL.createObjectURL(file)
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  // The download reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

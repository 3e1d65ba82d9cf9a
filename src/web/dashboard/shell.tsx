import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Brand } from '../call/brand.tsx'
import { call } from './api.ts'
import { Icon, type IconName } from './parts/icons.tsx'
import { useAct, useStatus } from './queries.ts'
import { Link, usePath } from './router.tsx'
import type { Session } from './types.ts'

const PAGES: { to: string; name: string; icon: IconName }[] = [
  { to: '/ui', name: 'Overview', icon: 'overview' },
  { to: '/ui/tenants', name: 'Tenants', icon: 'tenants' },
  { to: '/ui/calls', name: 'Live calls', icon: 'camera' },
  { to: '/ui/usage', name: 'Usage', icon: 'usage' },
  { to: '/ui/audit', name: 'Audit log', icon: 'audit' },
  { to: '/ui/access', name: 'Access', icon: 'key' },
  { to: '/ui/status', name: 'Status', icon: 'status' },
  { to: '/ui/doctor', name: 'Doctor', icon: 'doctor' },
]

/** The frame around every page: where one is, where one can go, who one is. */
export const Shell = ({ session, children }: { session: Session; children: ReactNode }) => {
  const path = usePath().join('/')
  const [openAt, setOpenAt] = useState<string | null>(null)
  // On another page than where it was opened it is closed again.
  const isOpen = openAt === path
  useEffect(() => {
    if (!isOpen) return
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setOpenAt(null)
    addEventListener('keydown', close)
    return () => removeEventListener('keydown', close)
  }, [isOpen])
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="bar">
        <Link to="/ui" className="bar-brand" aria-label="GoLive: overview">
          <Brand />
        </Link>
        <ActionIcon
          className="bar-menu"
          variant="subtle"
          color="gray"
          size="xl"
          aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpenAt(isOpen ? null : path)}
        >
          <Icon name={isOpen ? 'close' : 'menu'} />
        </ActionIcon>
      </header>
      <div className="side" id="navigation" data-open={isOpen}>
        <Link to="/ui" className="side-brand" aria-label="GoLive: overview">
          <Brand />
        </Link>
        <Navigation />
        <Account session={session} />
      </div>
      <main id="main" className="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  )
}

const Navigation = () => {
  const [name] = usePath()
  const status = useStatus()
  const current = name === undefined ? '/ui' : `/ui/${name}`
  const warnings = status.data?.warnings.length ?? 0
  return (
    <nav className="nav" aria-label="Pages">
      {PAGES.map((page) => (
        <Link
          key={page.to}
          to={page.to}
          className="nav-link"
          aria-current={page.to === current ? 'page' : undefined}
        >
          <Icon name={page.icon} />
          {page.name}
          {page.to === '/ui/calls' && !!status.data?.calls.rooms && (
            <span className="nav-count">{status.data.calls.rooms}</span>
          )}
          {page.to === '/ui' && warnings > 0 && (
            <span className="nav-count" data-tone="warning">
              {warnings}
              <span className="hidden"> warnings</span>
            </span>
          )}
        </Link>
      ))}
      <a className="nav-link nav-outside" href="/ui/integrate" target="_blank" rel="noreferrer">
        <Icon name="book" />
        Integration guide
      </a>
    </nav>
  )
}

const Account = ({ session }: { session: Session }) => {
  const client = useQueryClient()
  const signOut = useAct(
    () => call('DELETE', '/session'),
    () => client.clear(),
  )
  return (
    <div className="account">
      <p className="account-name" title={session.admin?.email}>
        {session.admin?.email ?? session.actor}
      </p>
      <SchemeToggle />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Sign out"
        title="Sign out"
        loading={signOut.isPending}
        onClick={() => signOut.mutate(undefined, { onSuccess: () => location.assign('/ui') })}
      >
        <Icon name="signOut" />
      </ActionIcon>
    </div>
  )
}

/** Follows the system until one chooses. */
export const SchemeToggle = () => {
  const { setColorScheme } = useMantineColorScheme()
  const isDark = useComputedColorScheme('light') === 'dark'
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={isDark ? 'Use light colours' : 'Use dark colours'}
      title={isDark ? 'Use light colours' : 'Use dark colours'}
      onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
    >
      <Icon name={isDark ? 'sun' : 'moon'} />
    </ActionIcon>
  )
}

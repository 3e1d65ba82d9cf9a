import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiError, call } from './api.ts'
import { CallPage } from './history/session.tsx'
import { AccessPage } from './pages/access.tsx'
import { AuditPage } from './pages/audit.tsx'
import { CallsPage } from './pages/calls.tsx'
import { DoctorPage } from './pages/doctor.tsx'
import { NotFoundPage } from './pages/not-found.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { NobodyYet, SetPassword, SignIn } from './pages/sign-in.tsx'
import { StatusPage } from './pages/status.tsx'
import { TenantsPage } from './pages/tenants.tsx'
import { Trouble } from './parts/states.tsx'
import { SESSION } from './queries.ts'
import { usePath } from './router.tsx'
import { Shell } from './shell.tsx'
import { isTenantPart, TenantPage } from './tenant/tenant.tsx'
import type { Session } from './types.ts'
import { LedgerPage } from './usage/ledger.tsx'

/** Signing in, and behind it the pages. */
export const Dashboard = ({ link }: { link: string | null }) => {
  const [open, setOpen] = useState(link)
  const session = useQuery<Session, ApiError>({
    queryKey: [SESSION],
    queryFn: () => call('GET', SESSION),
    refetchInterval: false,
    retry: false,
    enabled: open === null,
  })
  if (open !== null) return <SignIn link={open} onDone={() => setOpen(null)} />
  if (session.isError) return <Outside error={session.error} again={session.refetch} />
  if (!session.data) return <output className="boot">Opening the dashboard…</output>
  if (session.data.must_set_password) return <SetPassword email={session.data.admin?.email ?? ''} />
  return (
    <Shell session={session.data}>
      <Page />
    </Shell>
  )
}

const Outside = ({ error, again }: { error: ApiError; again: () => unknown }) => {
  if (error.status !== 401) {
    return (
      <main className="screen">
        <Trouble error={error} onAgain={again} />
      </main>
    )
  }
  return error.hasAdmins ? <SignIn link={null} onDone={again} /> : <NobodyYet onAgain={again} />
}

const Page = () => {
  const [name, slug, ...more] = usePath()
  if (name === 'tenants' && slug !== undefined) return <OfTenant slug={slug} more={more} />
  if (slug !== undefined) return <NotFoundPage />
  switch (name) {
    case undefined:
      return <OverviewPage />
    case 'tenants':
      return <TenantsPage />
    case 'usage':
      return <LedgerPage />
    case 'calls':
      return <CallsPage />
    case 'audit':
      return <AuditPage />
    case 'access':
      return <AccessPage />
    case 'status':
      return <StatusPage />
    case 'doctor':
      return <DoctorPage />
    default:
      return <NotFoundPage />
  }
}

const OfTenant = ({ slug, more: [part = '', id, ...rest] }: { slug: string; more: string[] }) => {
  if (rest.length > 0 || !isTenantPart(part)) return <NotFoundPage />
  if (id === undefined) return <TenantPage key={slug} slug={slug} part={part} />
  return part === 'calls' ? <CallPage key={id} slug={slug} id={id} /> : <NotFoundPage />
}

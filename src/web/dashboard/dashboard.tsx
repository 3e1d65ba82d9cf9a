import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiError, call } from './api.ts'
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
import { TenantPage } from './tenant/tenant.tsx'
import type { Session } from './types.ts'

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
  if (more.length > 0 || (slug !== undefined && name !== 'tenants')) return <NotFoundPage />
  switch (name) {
    case undefined:
      return <OverviewPage />
    case 'tenants':
      return slug === undefined ? <TenantsPage /> : <TenantPage key={slug} slug={slug} />
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

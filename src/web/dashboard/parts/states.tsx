import { Alert, Button, Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ApiError } from '../api.ts'
import { Icon, type IconName } from './icons.tsx'

/** What went wrong and what to do about it. What is not there will not come by trying again. */
export const Trouble = ({ error, onAgain }: { error: ApiError; onAgain?: () => unknown }) => {
  const again = error.status === 404 ? undefined : onAgain
  return (
    <Alert
      className="trouble"
      color="red"
      icon={<Icon name="warning" />}
      title={error.message}
      role="alert"
      data-code={error.code}
    >
      {error.hint ?? (again ? 'This page tries again by itself.' : null)}
      {again && (
        <Button variant="default" size="xs" mt="sm" display="block" onClick={() => again()}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

interface EmptyProps {
  icon: IconName
  title: string
  children?: ReactNode
}

/** Why there is nothing here, and what would put something here. */
export const Empty = ({ icon, title, children }: EmptyProps) => (
  <div className="empty">
    <span className="empty-icon">
      <Icon name={icon} />
    </span>
    <p className="empty-title">{title}</p>
    {children && <div className="empty-text">{children}</div>}
  </div>
)

const Loading = ({ rows = 3 }: { rows?: number }) => (
  <div className="loading" role="status" aria-label="Loading">
    {Array.from({ length: rows }, (_, row) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same and never move
      <Skeleton key={row} height={18} width={`${92 - row * 14}%`} />
    ))}
  </div>
)

interface Query<T> {
  data: T | undefined
  error: ApiError | null
  refetch: () => unknown
}

/** Loading, trouble or the thing itself; trouble stays above what was last known. */
export const Loaded = <T,>({
  query,
  rows,
  children,
}: {
  query: Query<T>
  rows?: number
  children: (data: T) => ReactNode
}) => (
  <>
    {query.error && <Trouble error={query.error} onAgain={query.refetch} />}
    {query.data !== undefined ? (
      children(query.data)
    ) : query.error ? null : (
      <Loading {...(rows === undefined ? {} : { rows })} />
    )}
  </>
)

/** Reads the rest of a list. */
export const More = ({
  query,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}) =>
  query.hasNextPage ? (
    <div className="more">
      <Button
        variant="default"
        loading={query.isFetchingNextPage}
        onClick={() => query.fetchNextPage()}
      >
        Show more
      </Button>
    </div>
  ) : null

import {
  keepPreviousData,
  QueryCache,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { ApiError, call, withQuery } from './api.ts'
import type { List, Status } from './types.ts'

export const LIVE_MS = 3000
const PAGE = '50'

export const SESSION = '/session'

/** Polls while the page is to be seen; an ended session leads back to signing in. */
export const createQueryClient = (): QueryClient => {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isSignedOut(error) && query.queryKey[0] !== SESSION)
          void client.resetQueries({ queryKey: [SESSION] })
      },
    }),
    defaultOptions: {
      queries: {
        refetchInterval: LIVE_MS,
        networkMode: 'always',
        retry: (failures, error) => failures < 1 && !isRefusal(error),
      },
      mutations: { networkMode: 'always' },
    },
  })
  return client
}

const isSignedOut = (error: unknown): boolean => error instanceof ApiError && error.status === 401
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.status >= 400 && error.status < 500

/** What the admin API says at this path, kept up to date. What it said at another is never shown for it. */
export const useLive = <T>(path: string, everyMs = LIVE_MS) =>
  useQuery<T, ApiError>({
    queryKey: [path],
    queryFn: () => call<T>('GET', path),
    refetchInterval: everyMs,
  })

export const useStatus = () => useLive<Status>('/status')

/**
 * A list that is read page by page, newest or first by name; kept up to date. What one filter found
 * stays until another has.
 */
export const useList = <T>(path: string, filters: Record<string, string | null> = {}) => {
  const query = useInfiniteQuery<List<T>, ApiError, T[], unknown[], string | null>({
    queryKey: [path, filters],
    queryFn: ({ pageParam }) =>
      call('GET', withQuery(path, { ...filters, limit: PAGE, cursor: pageParam })),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
    select: ({ pages }) => pages.flatMap((page) => page.data),
    refetchInterval: ({ state }) => everyOf(state.data?.pages.length),
    placeholderData: keepPreviousData,
  })
  return query
}

/** As useList, read to its end, at most so many pages; what is over is read once. */
export const useWhole = <T>(path: string, { isOver, most }: { isOver: boolean; most: number }) =>
  useQuery<{ data: T[]; isCut: boolean; pages: number; at: number }, ApiError>({
    queryKey: [path, 'whole', isOver],
    queryFn: async () => {
      const all: T[] = []
      let cursor: string | null = null
      let pages = 0
      do {
        const page: List<T> = await call('GET', withQuery(path, { limit: '100', cursor }))
        all.push(...page.data)
        cursor = page.next_cursor
        pages++
      } while (cursor !== null && pages < most)
      return { data: all, isCut: cursor !== null, pages, at: Date.now() }
    },
    refetchInterval: ({ state }) => !isOver && everyOf(state.data?.pages),
    placeholderData: keepPreviousData,
  })

/** What takes more calls is asked for less often. */
const everyOf = (pages = 1): number => LIVE_MS * pages

/** Something the operator does; all that is on screen is asked for anew afterwards. */
export const useAct = <T, In = void>(
  act: (input: In) => Promise<T>,
  onDone?: (result: T, input: In) => void,
) => {
  const client = useQueryClient()
  return useMutation<T, ApiError, In>({
    mutationFn: act,
    onSuccess: (result, input) => {
      onDone?.(result, input)
      void client.invalidateQueries()
    },
    onError: (error) => {
      if (isSignedOut(error)) void client.invalidateQueries({ queryKey: [SESSION] })
    },
  })
}

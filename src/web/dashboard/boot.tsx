import '@mantine/core/styles.css'
import '@mantine/core/styles/default-css-variables.css'
import '@mantine/notifications/styles.css'
import '../base.css'
import './styles/theme.css'
import './styles/shell.css'
import './styles/parts.css'
import './styles/table.css'
import './styles/code.css'
import './styles/page.css'
import './styles/door.css'
import './styles/health.css'
import './styles/tenant.css'
import './styles/history.css'
import './styles/timeline.css'
import './styles/legend.css'
import './styles/usage.css'
import { createTheme, MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { Dashboard } from './dashboard.tsx'
import { takeLink } from './link.ts'
import { Crashed } from './parts/crashed.tsx'
import { createQueryClient } from './queries.ts'

/** Styles come as files only: the page's policy lets no style element in. */
const theme = createTheme({
  fontFamily: 'inherit',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close this message' } } },
  },
})

const start = (): void => {
  const link = takeLink()
  const root = createRoot(document.getElementById('root') as HTMLElement, {
    onUncaughtError: () => root.render(<Crashed />),
  })
  const client = createQueryClient()
  const show = (link: string | null) =>
    root.render(
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <QueryClientProvider client={client}>
          <Notifications position="bottom-right" />
          <Dashboard key={link} link={link} />
        </QueryClientProvider>
      </MantineProvider>,
    )
  // A link opened in this very tab changes the fragment only: no page load happens.
  addEventListener('hashchange', () => {
    const another = takeLink()
    if (another) show(another)
  })
  show(link)
}

start()

import { Page } from '../parts/page.tsx'
import { Empty } from '../parts/states.tsx'
import { Link } from '../router.tsx'

export const NotFoundPage = () => (
  <Page title="There is no such page">
    <Empty icon="search" title="Nothing lives at this address">
      <Link to="/ui">Go to the overview</Link>
    </Empty>
  </Page>
)

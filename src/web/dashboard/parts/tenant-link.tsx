import { asking, Link, tenantPath } from '../router.tsx'

interface TenantLinkProps {
  slug: string
  name: string | null
  /** of its pages; its overview when left out */
  part?: string
  asked?: Record<string, string | null>
}

/** A tenant in a table that has a row for each: by its slug, with its name below. */
export const TenantLink = ({ slug, name, part, asked = {} }: TenantLinkProps) => (
  <Link
    className="strong-link"
    to={asking(part === undefined ? tenantPath(slug) : tenantPath(slug, part), asked)}
  >
    <span className="mono">{slug}</span>
    {name && (
      <span className="soft clip" dir="auto">
        {name}
      </span>
    )}
  </Link>
)

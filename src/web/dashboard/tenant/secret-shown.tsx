import { Alert, Button, Group } from '@mantine/core'
import { CodeBlock, CopyField } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import { useStatus } from '../queries.ts'
import type { Secret } from '../types.ts'

interface SecretShownProps {
  title: string
  secret: Secret
  onClose: () => void
}

/** The only time that a secret is to be seen: neither a slip of the mouse nor Escape closes it. */
export const SecretShown = ({ title, secret, onClose }: SecretShownProps) => {
  const { api_key, api_secret } = secret
  const url = useStatus().data?.addresses.public_url ?? location.origin
  return (
    <Dialog size="lg" onClose={onClose} title={title} isSticky>
      <div className="stack">
        <Alert color="yellow" icon={<Icon name="warning" />} title="The secret is shown this once">
          Save it now, where the tenant's backend reads it. Nobody can show it again.
        </Alert>
        <CopyField name="API key" value={api_key} />
        <CopyField name="API secret" value={api_secret} />
        <CopyField name="Server URL" value={url} />
        <div>
          <p className="copy-name">Try it: make a room, then a token for somebody to join with</p>
          <CodeBlock code={tryLines(url, secret)} what="the command lines" />
        </div>
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            I have saved the secret
          </Button>
        </Group>
      </div>
    </Dialog>
  )
}

const tryLines = (url: string, { api_key, api_secret }: Secret): string => {
  const post = (path: string, body: object) =>
    [
      `curl ${url}/api/v1${path}`,
      `-u '${api_key}:${api_secret}'`,
      "-H 'content-type: application/json'",
      `-d '${JSON.stringify(body)}'`,
    ].join(' \\\n  ')
  return [
    post('/rooms', { name: 'hello' }),
    post('/rooms/hello/tokens', { identity: 'alice' }),
  ].join('\n')
}

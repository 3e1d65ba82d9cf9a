import { ActionIcon, Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useEffect, useState } from 'react'
import { Icon } from './icons.tsx'

const SHOWN_MS = 2000

const useCopy = (text: string) => {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      notifications.show({
        color: 'red',
        title: 'The browser did not let this be copied',
        message: 'Select the text and copy it by hand.',
      })
    }
  }
  return { copied, copy }
}

/** @param what named to who cannot see the icon: "Copy the API secret" */
export const CopyIcon = ({ text, what }: { text: string; what: string }) => {
  const { copied, copy } = useCopy(text)
  return (
    <ActionIcon
      variant="subtle"
      color={copied ? 'teal' : 'gray'}
      aria-label={copied ? `Copied ${what}` : `Copy ${what}`}
      title={`Copy ${what}`}
      onClick={copy}
    >
      <Icon name={copied ? 'check' : 'copy'} />
    </ActionIcon>
  )
}

/** A value under its name, to be copied whole. */
export const CopyField = ({ name, value }: { name: string; value: string }) => {
  const { copied, copy } = useCopy(value)
  return (
    <div className="copy-field">
      <p className="copy-name">{name}</p>
      <div className="copy-row">
        <code className="copy-value">{value}</code>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<Icon name={copied ? 'check' : 'copy'} />}
          aria-label={`${copied ? 'Copied' : 'Copy'} ${name}`}
          onClick={copy}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      </div>
    </div>
  )
}

/** Lines to run, with a button that takes them all. */
export const CodeBlock = ({ code, what }: { code: string; what: string }) => (
  <div className="code-block">
    <pre>
      <code>{code}</code>
    </pre>
    <CopyIcon text={code} what={what} />
  </div>
)

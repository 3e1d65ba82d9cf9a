import { Button, PasswordInput, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'
import { Brand } from '../../call/brand.tsx'
import { call } from '../api.ts'
import { CodeBlock } from '../parts/copy.tsx'
import { Trouble } from '../parts/states.tsx'
import { useAct } from '../queries.ts'
import { SchemeToggle } from '../shell.tsx'

const CREATE_COMMAND = 'golive admin create you@example.com'
const LEAST_CHARACTERS = 12

const Door = ({ title, lead, children }: { title: string; lead: string; children: ReactNode }) => {
  useEffect(() => {
    document.title = `${title} · GoLive`
  }, [title])
  return (
    <div className="screen door">
      <header className="door-head">
        <Brand />
        <SchemeToggle />
      </header>
      <main className="card door-card">
        <h1>{title}</h1>
        <p className="door-lead">{lead}</p>
        {children}
      </main>
    </div>
  )
}

interface SignInProps {
  /** the token of a sign-in link that was opened */
  link: string | null
  onDone: () => unknown
}

export const SignIn = ({ link, onDone }: SignInProps) =>
  link === null ? (
    <SignInByPassword onDone={onDone} />
  ) : (
    <SignInByLink link={link} onDone={onDone} />
  )

const SignInByPassword = ({ onDone }: { onDone: () => unknown }) => {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useAct(() => call('POST', '/session', { email: email.trim(), password }), onDone)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate()
  }
  return (
    <Door title="Sign in" lead="For the operators of this server.">
      <form className="stack" onSubmit={submit}>
        {signIn.error && <Trouble error={signIn.error} />}
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          autoFocus
          size="md"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="md"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" size="md" fullWidth loading={signIn.isPending}>
          Sign in
        </Button>
      </form>
      <p className="door-foot">
        Forgotten? On the server, <code>golive admin reset</code> with your e-mail makes a new
        sign-in link.
      </p>
    </Door>
  )
}

/** Asks for a click: what only looks at links, as mail scanners do, must not use one up. */
const SignInByLink = ({ link, onDone }: { link: string; onDone: () => unknown }) => {
  const signIn = useAct(() => call('POST', '/session', { link }), onDone)
  return (
    <Door
      title="Welcome to GoLive"
      lead="This link signs you in once. You then choose the password you will use from now on."
    >
      <div className="stack">
        {signIn.error && <Trouble error={signIn.error} />}
        {signIn.error ? (
          <Button size="md" variant="default" fullWidth onClick={() => onDone()}>
            Go to the sign-in page
          </Button>
        ) : (
          <Button
            size="md"
            fullWidth
            autoFocus
            loading={signIn.isPending}
            onClick={() => signIn.mutate()}
          >
            Continue
          </Button>
        )}
      </div>
    </Door>
  )
}

/** The first thing after a sign-in link. */
export const SetPassword = ({ email }: { email: string }) => {
  const [password, setPassword] = useState('')
  const save = useAct(() => call('PUT', '/password', { password }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Door title="Choose a password" lead={`You will sign in with it as ${email}.`}>
      <form className="stack" onSubmit={submit}>
        {save.error && !save.error.fields.password && <Trouble error={save.error} />}
        <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
        <PasswordInput
          label="New password"
          description={`At least ${LEAST_CHARACTERS} characters; a few words together are good.`}
          autoComplete="new-password"
          required
          withAsterisk={false}
          autoFocus
          size="md"
          minLength={LEAST_CHARACTERS}
          value={password}
          error={save.error?.fields.password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" size="md" fullWidth loading={save.isPending}>
          Save and go on
        </Button>
      </form>
    </Door>
  )
}

/** Accounts are made on the server only, never from here. */
export const NobodyYet = ({ onAgain }: { onAgain: () => unknown }) => (
  <Door
    title="One step on the server"
    lead="Nobody can sign in yet. Run this command on the server, with your own address:"
  >
    <div className="stack">
      <CodeBlock code={CREATE_COMMAND} what="the command" />
      <p className="soft">It prints a link that signs you in. The link works once.</p>
      <Button variant="default" size="md" fullWidth onClick={() => onAgain()}>
        I have done that
      </Button>
    </div>
  </Door>
)

import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '@/api/client';
import { type Session, useSignIn } from '@/api/session';
import classes from './signin.module.css';

interface Props {
  /** Name of the provider by which one may sign in; empty for none. */
  provider: string;
  /** Filled in where it is known who it was. */
  email?: string;
  onDone: (session: Session) => void;
}

/** E-mail and password; what was wrong is said below the password, never which of the two. */
export function SignInForm({ provider, email: known = '', onDone }: Props) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState('');
  const first = useRef<HTMLInputElement>(null);
  const signIn = useSignIn();
  useEffect(() => first.current?.focus(), []);
  const error = wordsOf(signIn.error);
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate({ email: email.trim(), password }, { onSuccess: onDone });
      }}
    >
      <TextInput
        ref={known ? undefined : first}
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        ref={known ? first : undefined}
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        error={error}
        aria-invalid={error !== undefined}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
      />
      <Button type="submit" fullWidth loading={signIn.isPending}>
        Sign in
      </Button>
      {provider && (
        <>
          <p className={classes.or}>or</p>
          <Button variant="default" fullWidth component="a" href="/api/v1/session/oidc">
            Continue with {provider}
          </Button>
        </>
      )}
      <p className="note">Forgotten? An admin can reset it.</p>
    </form>
  );
}

function wordsOf(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (error.status === 422) return 'E-mail or password is wrong.';
  return [error.message, error.hint].filter(Boolean).join(' ');
}

import { Button, PasswordInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '@/api/client';
import { useChangePassword } from '@/api/session';
import classes from './signin.module.css';

interface Props {
  /** Known to password managers, and not shown. */
  email: string;
  onDone: () => void;
}

/** A new password in the place of the old one; all other sessions end. */
export function NewPassword({ email, onDone }: Props) {
  const [old, setOld] = useState('');
  const [wanted, setWanted] = useState('');
  const first = useRef<HTMLInputElement>(null);
  const change = useChangePassword();
  useEffect(() => first.current?.focus(), []);
  const error = change.error instanceof ApiError ? change.error : null;
  const words = error && [error.message, error.allowed, error.hint].filter(Boolean).join(' ');
  const ofOld = error !== null && error.status !== 422;
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ old, new: wanted }, { onSuccess: onDone });
      }}
    >
      <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
      <PasswordInput
        ref={first}
        label="Password so far"
        name="old"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={old}
        error={ofOld ? words : undefined}
        aria-invalid={ofOld}
        onChange={(event) => setOld(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password so far', tabIndex: 0 }}
      />
      <PasswordInput
        label="New password"
        name="new"
        autoComplete="new-password"
        required
        withAsterisk={false}
        value={wanted}
        error={ofOld ? undefined : (words ?? undefined)}
        aria-invalid={error !== null && !ofOld}
        onChange={(event) => setWanted(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the new password', tabIndex: 0 }}
      />
      <Button type="submit" fullWidth loading={change.isPending}>
        Change the password
      </Button>
    </form>
  );
}

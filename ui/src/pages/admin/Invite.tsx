import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useInvite } from '@/api/admin';
import { ApiError, type Schemas } from '@/api/client';
import { useProjects } from '@/api/projects';
import classes from './admin.module.css';

type Role = 'viewer' | 'analyst';

const ROLES = [
  { value: 'viewer', label: 'Viewer: sees all but identities' },
  { value: 'analyst', label: 'Analyst: also customers, lists, runs' },
  { value: 'admin', label: 'Admin: everything, of all projects' },
];

/** Invite somebody: e-mail, name, and what they may do. */
export function Invite({ onDone }: { onDone: (found: Schemas['Invited']) => void }) {
  const projects = useProjects().data?.items ?? [];
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState('viewer');
  const [project, setProject] = useState('');
  const invite = useInvite();
  const chosen = project || projects[0]?.name || '';
  const error = invite.error instanceof ApiError ? invite.error : null;
  const submit = () => {
    const admin = role === 'admin';
    const roles: Record<string, Role> = admin || !chosen ? {} : { [chosen]: role as Role };
    invite.mutate(
      { email: email.trim(), name: name.trim(), admin, roles },
      {
        onSuccess: (found) => {
          setEmail('');
          setName('');
          onDone(found);
        },
      },
    );
  };
  return (
    <form
      className={`card ${classes.form}`}
      aria-label="Invite somebody"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextInput
        label="E-mail"
        type="email"
        autoComplete="off"
        required
        withAsterisk={false}
        value={email}
        error={error && `${error.message} ${error.hint}`}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <TextInput
        label="Name"
        autoComplete="off"
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        label="Role"
        data={ROLES}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value)}
      />
      {role !== 'admin' && (
        <NativeSelect
          label="In project"
          data={projects.map((one) => ({ value: one.name, label: one.title || one.name }))}
          value={chosen}
          onChange={(event) => setProject(event.currentTarget.value)}
        />
      )}
      <Button type="submit" loading={invite.isPending}>
        Invite
      </Button>
    </form>
  );
}

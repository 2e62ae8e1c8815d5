import { Button, Checkbox, Modal, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { type UserInfo, useChangeUser } from '@/api/admin';
import { ApiError } from '@/api/client';
import { useProjects } from '@/api/projects';
import { showToast } from '@/components/UndoToast';
import { useFocusBack } from '@/lib/focus';
import classes from './admin.module.css';

type Role = 'viewer' | 'analyst';

const CHOICES = [
  { value: '', label: 'Not there' },
  { value: 'viewer', label: 'Viewer' },
  { value: 'analyst', label: 'Analyst' },
];

const roleOf = (told: string | undefined): Role | null =>
  told === 'viewer' || told === 'analyst' ? told : null;

/** What somebody may: admin, a role in each project, or locked out; it can be undone. */
export function RolesDialog({ user, onClose }: { user: UserInfo; onClose: () => void }) {
  useFocusBack();
  const projects = useProjects().data?.items ?? [];
  const [admin, setAdmin] = useState(user.admin);
  const [disabled, setDisabled] = useState(user.disabled);
  const [roles, setRoles] = useState<Record<string, string>>(user.roles);
  const change = useChangeUser();
  const error = change.error instanceof ApiError ? change.error : null;
  const rolesFor = (wanted: Record<string, string>) =>
    Object.fromEntries(
      Object.keys({ ...user.roles, ...roles }).map((name) => [name, roleOf(wanted[name])]),
    );
  const save = () =>
    change.mutate(
      { id: user.id, admin, disabled, roles: rolesFor(roles) },
      {
        onSuccess: () => {
          onClose();
          showToast(`${user.email} signs in again with the new role.`, () =>
            change.mutate({
              id: user.id,
              admin: user.admin,
              disabled: user.disabled,
              roles: rolesFor(user.roles),
            }),
          );
        },
      },
    );
  return (
    <Modal opened onClose={onClose} title={<strong>Role of {user.email}</strong>}>
      <form
        className={classes.column}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Checkbox
          label="Admin of all projects"
          checked={admin}
          onChange={(event) => setAdmin(event.currentTarget.checked)}
        />
        {!admin &&
          projects.map((one) => (
            <NativeSelect
              key={one.name}
              label={one.title || one.name}
              data={CHOICES}
              value={roles[one.name] ?? ''}
              onChange={(event) => setRoles({ ...roles, [one.name]: event.currentTarget.value })}
            />
          ))}
        <Checkbox
          label="Locked out"
          description="May not sign in; the keys that they made are revoked."
          checked={disabled}
          onChange={(event) => setDisabled(event.currentTarget.checked)}
        />
        {error && (
          <p role="alert" className={classes.error}>
            {error.message} {error.hint}
          </p>
        )}
        <div className={classes.acts}>
          <Button variant="default" onClick={onClose}>
            Keep
          </Button>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}

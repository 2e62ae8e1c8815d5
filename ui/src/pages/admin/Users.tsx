import { Button } from '@mantine/core';
import { useState } from 'react';
import { type UserInfo, useRemoveUser, useResetPassword, useUsers } from '@/api/admin';
import { ApiError } from '@/api/client';
import { useSession } from '@/api/session';
import { announce } from '@/components/announce';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { type Column, DataTable } from '@/components/DataTable';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { date } from '@/lib/format';
import classes from './admin.module.css';
import { Invite } from './Invite';
import { Once } from './Once';
import { isLastAdmin, rolesOf } from './people';
import { RolesDialog } from './RolesDialog';

interface Secret {
  title: string;
  password: string;
}

export function Users() {
  const query = useUsers();
  const [secret, setSecret] = useState<Secret | null>(null);
  const [editing, setEditing] = useState<UserInfo | null>(null);
  const [removing, setRemoving] = useState<UserInfo | null>(null);
  const reset = useResetPassword();
  const remove = useRemoveUser();
  const failed = [reset.error, remove.error].find((one) => one instanceof ApiError);
  const onReset = (user: UserInfo) =>
    reset.mutate(user.id, {
      onSuccess: (found) =>
        setSecret({ title: `New password of ${user.email}`, password: found.password }),
    });
  return (
    <>
      <Invite
        onDone={(found) =>
          setSecret({ title: `First password of ${found.email}`, password: found.password })
        }
      />
      {failed && (
        <Notice tone="danger">
          {failed.message} {(failed as ApiError).hint}
        </Notice>
      )}
      <div className="card">
        <LoadState query={query} what="Users">
          {(data) => (
            <UserTable
              users={data.items}
              onEdit={setEditing}
              onRemove={setRemoving}
              onReset={onReset}
            />
          )}
        </LoadState>
      </div>
      <Once
        title={secret?.title ?? ''}
        secret={secret?.password ?? null}
        words="It is for the first sign-in and must be changed there."
        onClose={() => setSecret(null)}
      />
      {editing && <RolesDialog user={editing} onClose={() => setEditing(null)} />}
      <ConfirmDialog
        opened={removing !== null}
        question={`Remove ${removing?.email ?? ''}?`}
        price="Their sessions end now, and every key that they made is revoked. What they named and published stays."
        verb="Remove"
        danger
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={() =>
          removing &&
          remove.mutate(removing.id, {
            onSuccess: () => announce(`${removing.email} was removed.`),
            onSettled: () => setRemoving(null),
          })
        }
      />
    </>
  );
}

interface TableProps {
  users: UserInfo[];
  onEdit: (user: UserInfo) => void;
  onRemove: (user: UserInfo) => void;
  onReset: (user: UserInfo) => void;
}

const LAST = 'You are the only admin; name another first.';

function UserTable({ users, onEdit, onRemove, onReset }: TableProps) {
  const me = useSession().data?.id;
  const columns: Column<UserInfo>[] = [
    {
      id: 'name',
      header: 'Name',
      phone: true,
      cell: (one) => (
        <>
          <SafeText text={one.name || one.email} />
          {one.id === me && <span className="note"> you</span>}
        </>
      ),
    },
    { id: 'email', header: 'E-mail', cell: (one) => <SafeText text={one.email} /> },
    { id: 'role', header: 'Role', phone: true, cell: (one) => rolesOf(one) },
    { id: 'state', header: 'Sign-in', cell: stateOf },
    {
      id: 'acts',
      header: <span className="unseen">Acts</span>,
      phone: true,
      cell: (one) => {
        const last = isLastAdmin(one, users);
        return (
          <span className={classes.rowacts}>
            <Button
              variant="default"
              onClick={() => onEdit(one)}
              aria-label={`Role of ${one.email}`}
            >
              Role
            </Button>
            {one.id !== me && (
              <Button
                variant="default"
                onClick={() => onReset(one)}
                aria-label={`Reset password of ${one.email}`}
              >
                Reset password
              </Button>
            )}
            <Button
              variant="default"
              disabled={last}
              onClick={() => onRemove(one)}
              aria-label={`Remove ${one.email}`}
            >
              Remove
            </Button>
          </span>
        );
      },
    },
  ];
  const alone = users.find((one) => isLastAdmin(one, users));
  return (
    <>
      <DataTable
        caption="Users"
        columns={columns}
        rowKey={(one) => one.id}
        page={{ rows: users, total: users.length, from: 1 }}
      />
      {alone && (
        <p className="note">
          {alone.id === me ? LAST : `${alone.email} is the only admin and stays.`}
        </p>
      )}
    </>
  );
}

function stateOf(user: UserInfo): string {
  if (user.disabled) return 'Locked out';
  if (user.must_change) return `Invited ${date(user.created)}`;
  return `Since ${date(user.created)}`;
}

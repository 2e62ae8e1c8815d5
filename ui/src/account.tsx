/** Who is signed in: the menu in the header, and the dialog that opens when a session ends. */
import { ActionIcon, Menu, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { whenEnded } from './api/client';
import { roleIn, type Session, useSignOut } from './api/session';
import { Icon } from './components/Icon';
import { showToast } from './components/UndoToast';
import { NewPassword } from './pages/signin/NewPassword';
import { SignInForm } from './pages/signin/SignInForm';

const ROLES = { admin: 'Admin', analyst: 'Analyst', viewer: 'Viewer', none: '' } as const;

export function Account({ session, project }: { session: Session; project: string }) {
  const signOut = useSignOut();
  const [changing, setChanging] = useState(false);
  if (!session.signed_in) return null;
  const role = ROLES[roleIn(session, project)];
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon color="ink" aria-label={`Account of ${session.name || session.email}`}>
            <Icon name="account" size={20} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {session.name && <div>{session.name}</div>}
            <div>{session.email}</div>
            {role && <div>{project && !session.admin ? `${role} here` : role}</div>}
          </Menu.Label>
          <Menu.Item onClick={() => setChanging(true)}>Change password</Menu.Item>
          <Menu.Item onClick={() => signOut.mutate()}>Sign out</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={changing}
        onClose={() => setChanging(false)}
        title={<strong>Change password</strong>}
      >
        <NewPassword
          email={session.email ?? ''}
          onDone={() => {
            setChanging(false);
            showToast('Password changed. All other sessions have ended.');
          }}
        />
      </Modal>
    </>
  );
}

/** A session that ended while a page is open: signing in again brings it back as it was. */
export function SessionEnded({ session }: { session: Session }) {
  const [ended, setEnded] = useState(false);
  const client = useQueryClient();
  useEffect(() => {
    whenEnded(() => setEnded(true));
    return () => whenEnded(null);
  }, []);
  return (
    <Modal
      opened={ended}
      onClose={() => undefined}
      withCloseButton={false}
      title={<strong>Sign in again</strong>}
    >
      <p style={{ marginTop: 0 }}>Your session ended; what you typed is kept.</p>
      <SignInForm
        provider=""
        email={session.email}
        onDone={() => {
          setEnded(false);
          void client.invalidateQueries();
        }}
      />
    </Modal>
  );
}

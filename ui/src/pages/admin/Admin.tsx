/** What admins do: who may what, keys, the rights of people, the log, projects. */
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useSession } from '@/api/session';
import { AppLink } from '@/components/AppLink';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { NotFound } from '@/pages/Odd';
import { Audit } from './Audit';
import classes from './admin.module.css';
import { Keys } from './Keys';
import { Privacy } from './Privacy';
import { ServerProjects } from './ServerProjects';
import { Users } from './Users';

interface Part {
  id: string;
  title: string;
  sentence: string;
  show: () => ReactNode;
  /** Whether it needs accounts to make sense. */
  accounts: boolean;
}

const PARTS: Part[] = [
  {
    id: 'users',
    title: 'Users',
    sentence: 'Who may sign in, and what they may do in which project.',
    show: () => <Users />,
    accounts: true,
  },
  {
    id: 'keys',
    title: 'Keys',
    sentence: 'What programs sign in with. A key is shown once, when it is made.',
    show: () => <Keys />,
    accounts: true,
  },
  {
    id: 'privacy',
    title: 'Privacy',
    sentence: 'Give somebody all that is kept on them, or erase them everywhere.',
    show: () => <Privacy />,
    accounts: false,
  },
  {
    id: 'audit',
    title: 'Audit',
    sentence: 'What was done and what was refused, the newest first.',
    show: () => <Audit />,
    accounts: false,
  },
  {
    id: 'projects',
    title: 'Projects',
    sentence: 'Every project of this server.',
    show: () => <ServerProjects />,
    accounts: false,
  },
];

export default function Admin() {
  const { part: id = '' } = useParams({ strict: false }) as { part?: string };
  const session = useSession().data;
  const part = PARTS.find((one) => one.id === id);
  if (!part) return <NotFound />;
  const open = session?.kind === 'local';
  const mayNot = session?.signed_in && !session.admin;
  return (
    <>
      <PageHeader
        title={part.title}
        crumbs={[{ label: 'Admin', href: '/admin/users' }]}
        sentence={part.sentence}
      />
      <nav aria-label="Parts of Admin" className={classes.parts}>
        {PARTS.map((one) => (
          <AppLink
            key={one.id}
            href={`/admin/${one.id}`}
            aria-current={one.id === id ? 'page' : undefined}
          >
            {one.title}
          </AppLink>
        ))}
      </nav>
      {open && <NoAccounts />}
      {mayNot && <Notice>This needs the role Admin. Ask an admin.</Notice>}
      {!mayNot && !(open && part.accounts) && part.show()}
    </>
  );
}

function NoAccounts() {
  return (
    <Notice>
      <p>
        This server has no users: whoever can log in on its machine may do everything. Make the
        first admin there: <code>coterie admin create FOLDER --email YOU@EXAMPLE.COM</code>. From
        then on everybody signs in.
      </p>
    </Notice>
  );
}

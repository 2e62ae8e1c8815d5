/** The door: how one gets in, and nothing else. */
import { useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { type Session, useSession } from '@/api/session';
import { AppLink } from '@/components/AppLink';
import { LoadState } from '@/components/LoadState';
import { SegmentMark } from '@/components/SegmentMark';
import { innerPath } from '@/lib/next';
import type { Search } from '@/lib/urls';
import { NewPassword } from './NewPassword';
import { SignInForm } from './SignInForm';
import classes from './signin.module.css';

export default function SignIn() {
  const session = useSession();
  const next = innerPath((useSearch({ strict: false }) as Search).next);
  useEffect(() => {
    document.title = 'Sign in · Coterie';
  }, []);
  return (
    <div className={classes.door}>
      <div className={`card ${classes.box}`}>
        <div className={classes.brand} aria-hidden="true">
          {[1, 2, 3, 4].map((slot) => (
            <SegmentMark key={slot} slot={slot} size={16} />
          ))}
          <span>Coterie</span>
        </div>
        <LoadState query={session} what="Sign-in">
          {(data) => <Ways session={data} next={next} />}
        </LoadState>
      </div>
    </div>
  );
}

/** A page that was asked for is loaded anew: nothing of who was here before is kept. */
const open = (next: string) => window.location.assign(next);

function Ways({ session, next }: { session: Session; next: string }) {
  if (!session.accounts)
    return (
      <Part title="No sign-in needed">
        <p>
          No users yet. On the server run <code>coterie admin create</code>. Until then the server
          answers to its own machine alone, and asks nobody who they are.
        </p>
        <AppLink className="link" href={next}>
          Go on
        </AppLink>
      </Part>
    );
  if (session.signed_in && session.must_change)
    return (
      <Part title="Choose a password">
        <p>Yours is temporary. Choose one that only you know; then you are in.</p>
        <NewPassword email={session.email ?? ''} onDone={() => open(next)} />
      </Part>
    );
  if (session.signed_in)
    return (
      <Part title="You are signed in">
        <p>As {session.name || session.email}.</p>
        <AppLink className="link" href={next}>
          Go on
        </AppLink>
      </Part>
    );
  return (
    <Part title="Sign in">
      <SignInForm
        provider={session.oidc ?? ''}
        onDone={(found) => !found.must_change && open(next)}
      />
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <h1 className={classes.title}>{title}</h1>
      {children}
    </>
  );
}

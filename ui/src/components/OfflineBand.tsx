import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, told } from '@/api/client';
import { useConnection } from '@/api/connection';
import { clock } from '@/lib/format';
import { Icon } from './Icon';
import classes from './OfflineBand.module.css';

const EVERY = 8;

/** Says that the server cannot be reached, tries again, and recovers by itself. */
export function OfflineBand() {
  const { lost } = useConnection();
  return lost === null ? null : <Band lost={lost} />;
}

function Band({ lost }: { lost: number }) {
  const client = useQueryClient();
  const [left, setLeft] = useState(EVERY);
  useEffect(() => {
    const timer = setInterval(() => setLeft((now) => (now > 1 ? now - 1 : EVERY)), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (left !== EVERY) return;
    told(api.GET('/health/live'))
      .then(() => client.invalidateQueries())
      .catch(() => undefined);
  }, [left, client]);
  return (
    <div className={classes.band}>
      <Icon name="offline" />
      <span>
        <span role="status">
          No connection. You see what was loaded at {clock(lost)}; acts are paused.
        </span>{' '}
        Next try in {left} s.
      </span>
    </div>
  );
}

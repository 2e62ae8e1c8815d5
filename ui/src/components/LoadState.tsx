import { Button } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '@/api/client';
import { copyText } from '@/lib/copy';
import { AppLink } from './AppLink';
import { Notice } from './Notice';
import { Waiting } from './Waiting';

/** What LoadState needs to know of a query. */
export interface Loading<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

interface Props<T> {
  query: Loading<T>;
  /** What is loaded, as a sentence begins: "Members". */
  what: string;
  /** The heading of a page whose own one comes with the answer. */
  head?: ReactNode;
  /** In the final shape. */
  skeleton?: ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  /** What stands here where something was not made yet, or the data cannot tell it (409). */
  notReady?: (error: ApiError) => ReactNode;
  /** What stands here where there is nothing of this name (404). */
  gone?: (error: ApiError) => ReactNode;
  /** What stands here where one may not see it (403). */
  refused?: (error: ApiError) => ReactNode;
  children: (data: T) => ReactNode;
}

/** One of: loading, empty, not made yet, gone, failed, or the thing itself. */
export function LoadState<T>(props: Props<T>) {
  const { query, what, head, skeleton, isEmpty, empty, children } = props;
  if (query.data !== undefined) {
    if (isEmpty?.(query.data)) return <>{empty}</>;
    return <>{children(query.data)}</>;
  }
  const isGone = query.error instanceof ApiError && query.error.status === 404 && props.gone;
  return (
    <>
      {!isGone && head}
      {query.isPending ? <Waiting what={what} skeleton={skeleton} /> : <Failed {...props} />}
    </>
  );
}

function Failed<T>({ query, what, notReady, gone, refused }: Props<T>) {
  const error =
    query.error instanceof ApiError
      ? query.error
      : new ApiError(0, { detail: String(query.error) });
  if (error.status === 403) return refused ? refused(error) : <Refused error={error} />;
  if (error.status === 409) return notReady ? notReady(error) : <Told error={error} />;
  if (error.status === 404) return gone ? gone(error) : <Told error={error} />;
  return (
    <Notice tone="danger">
      <p>
        <strong>{what} could not be loaded.</strong> {error.message} {error.allowed} {error.hint}
      </p>
      <Again retry={query.refetch} id={error.requestId} />
    </Notice>
  );
}

/** What one may not see, and who can change that. */
function Refused({ error }: { error: ApiError }) {
  return (
    <Notice>
      <p>{error.message} Ask an admin.</p>
    </Notice>
  );
}

/** What the server said, where it is an answer and no failure. */
function Told({ error }: { error: ApiError }) {
  return (
    <Notice>
      <p>
        {error.message}{' '}
        {error.where === 'project' && (
          <AppLink className="link" href="/">
            See all projects
          </AppLink>
        )}
      </p>
    </Notice>
  );
}

function Again({ retry, id }: { retry: () => unknown; id: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <div style={{ display: 'flex', gap: 16, alignItems: 'center', marginTop: 8, flexWrap: 'wrap' }}>
      <Button variant="default" onClick={() => retry()}>
        Try again
      </Button>
      {id && (
        <span className="note">
          Request <code>{id.slice(0, 12)}</code> ·{' '}
          <button type="button" className="plain" onClick={() => setCopied(copyText(id))}>
            {copied ? 'Copied' : 'Copy'}
          </button>
        </span>
      )}
    </div>
  );
}

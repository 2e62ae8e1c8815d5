/** Pages for what should not happen: no such address, and a page that broke. */
import { Button } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { AppLink } from '@/components/AppLink';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';

export function NotFound() {
  return (
    <>
      <PageHeader title="There is no page at this address" />
      <p>
        It may have moved, or belong to a project that is gone.{' '}
        <AppLink className="link" href="/">
          See all projects
        </AppLink>
      </p>
    </>
  );
}

export function Failure({ error, reset }: ErrorComponentProps) {
  return (
    <>
      <PageHeader title="This page could not be shown" />
      <Notice tone="danger">
        <p> {error instanceof Error ? error.message : String(error)} The rest still works.</p>
        <Button variant="default" onClick={reset} mt={8}>
          Try again
        </Button>
      </Notice>
    </>
  );
}

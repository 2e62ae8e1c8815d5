import { ApiError } from '@/api/client';
import { type JobKind, useStartJob } from '@/api/jobs';
import { jobHref } from '@/lib/urls';
import { useGo } from '@/place';
import { ActButton } from './ActButton';
import { Notice } from './Notice';

interface Props {
  error: ApiError;
  project: string;
  kind: JobKind;
  verb: string;
}

/** Something that a job makes and that was not made yet: why, and the button that makes it. */
export function NotMade({ error, project, kind, verb }: Props) {
  const start = useStartJob(project);
  const go = useGo();
  const failed = start.error instanceof ApiError ? start.error : null;
  return (
    <Notice>
      <p>{error.message}</p>
      <ActButton
        needs="analyst"
        act="Working this out"
        variant="default"
        mt={8}
        loading={start.isPending}
        onClick={() => start.mutate({ kind }, { onSuccess: (job) => go(jobHref(project, job.id)) })}
      >
        {verb}
      </ActButton>
      {failed && (
        <p role="alert">
          {failed.message} {failed.hint}
        </p>
      )}
    </Notice>
  );
}

/** A job as it goes on, and how it ended. */
import { Button } from '@mantine/core';
import { useParams, useSearch } from '@tanstack/react-router';
import { hasEnded, type Job, useCancelJob, useJob, useJobs, useStartJob } from '@/api/jobs';
import { AppLink } from '@/components/AppLink';
import { JobProgress } from '@/components/JobProgress';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { ago, counted, duration } from '@/lib/format';
import { jobHref, pageHref, type Search } from '@/lib/urls';
import { useGo } from '@/place';
import { Steps } from './Steps';
import classes from './start.module.css';
import { KINDS, stagesOf } from './words';

export default function RunPage() {
  const { job: id = '' } = useParams({ strict: false }) as { job?: string };
  const project = (useSearch({ strict: false }) as Search).project ?? '';
  const query = useJob(project, id);
  const kind = KINDS[query.data?.kind ?? 'run'] ?? 'Run';
  return (
    <>
      <PageHeader
        title={kind}
        place={project}
        crumbs={[
          { label: 'Projects', href: '/' },
          { label: project, href: pageHref(project, ['segments']) },
        ]}
      />
      {query.data?.kind === 'run' && <Steps now="run" />}
      <LoadState query={query} what="The run">
        {(job) => <Shown job={job} project={project} />}
      </LoadState>
      <Recent project={project} now={id} />
    </>
  );
}

function Shown({ job, project }: { job: Job; project: string }) {
  const cancel = useCancelJob(project);
  return (
    <>
      <Ended job={job} project={project} />
      {job.state !== 'done' && (
        <section className="card" aria-label="Progress">
          <JobProgress
            stages={stagesOf(job.kind)}
            stage={job.stage ?? ''}
            done={job.fraction ?? 0}
            state={job.state}
            onCancel={hasEnded(job) ? undefined : () => cancel.mutate(job.id)}
          />
        </section>
      )}
    </>
  );
}

const secondsOf = (job: Job): number =>
  (new Date(job.finished ?? 0).getTime() - new Date(job.started ?? 0).getTime()) / 1000;

function Ended({ job, project }: { job: Job; project: string }) {
  const stage = stagesOf(job.kind).find((one) => one.id === job.stage)?.label ?? 'the start';
  if (job.state === 'done') {
    const n = job.result?.segments;
    const candidate = job.kind === 'candidate' ? String(job.result?.run_id ?? '') : '';
    return (
      <Notice tone="good">
        <p>
          {typeof n === 'number' ? counted(n, 'segment') : 'Done'} in {duration(secondsOf(job))}.
          {candidate && ' Nothing is published: look at them first.'}
        </p>
        <Button component={AppLink} href={pageHref(project, ['segments'], { candidate })} mt={8}>
          {typeof n === 'number' ? 'See them' : 'Go on'}
        </Button>
      </Notice>
    );
  }
  if (job.state === 'cancelled')
    return <Notice>Cancelled. Nothing was published; your upload is kept.</Notice>;
  if (job.state !== 'failed') return null;
  return (
    <Notice tone="danger">
      <p>
        <strong>Stopped at “{stage}”.</strong> {job.error?.message} {job.error?.allowed}{' '}
        {job.error?.hint} Nothing was published; your upload is kept.
      </p>
      {job.kind === 'candidate' ? (
        <AppLink className="link" href={pageHref(project, ['choice'])}>
          Back to the candidates
        </AppLink>
      ) : (
        <Again job={job} project={project} />
      )}
    </Notice>
  );
}

function Again({ job, project }: { job: Job; project: string }) {
  const start = useStartJob(project);
  const go = useGo();
  return (
    <Button
      variant="default"
      mt={8}
      loading={start.isPending}
      onClick={() =>
        start.mutate(
          { kind: job.kind as 'run' },
          {
            onSuccess: (made) => go(jobHref(project, made.id)),
          },
        )
      }
    >
      Run again
    </Button>
  );
}

const STATES: Record<string, string> = {
  queued: 'waiting',
  running: 'at work',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** What was run before. */
export function Recent({ project, now }: { project: string; now?: string }) {
  const jobs = (useJobs(project).data?.items ?? []).filter((job) => job.id !== now);
  if (jobs.length === 0) return null;
  return (
    <section className="card" aria-labelledby="recent">
      <h2 id="recent" className="section">
        Recent work
      </h2>
      <table className={`${classes.map} ${classes.rows}`}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">When</th>
            <th scope="col">How it ended</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <th scope="row">
                <AppLink className="link" href={jobHref(project, job.id)}>
                  {KINDS[job.kind] ?? job.kind}
                </AppLink>
              </th>
              <td>{ago(job.created, Date.now())}</td>
              <td>{job.error?.message ?? STATES[job.state]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

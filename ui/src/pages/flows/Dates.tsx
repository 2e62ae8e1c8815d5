import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { ApiError } from '@/api/client';
import { type Flows, useStartFlows } from '@/api/flows';
import { useCancelJob } from '@/api/jobs';
import type { RunInfo } from '@/api/runs';
import { ActButton } from '@/components/ActButton';
import { JobProgress } from '@/components/JobProgress';
import { Notice } from '@/components/Notice';
import { date, eve } from '@/lib/format';
import { type Place, useSetSearch } from '@/place';
import type { Chosen } from './chosen';
import classes from './flows.module.css';

interface Props {
  place: Place;
  /** What is shown without a choice: the run against the one before. */
  shown: Flows;
  chosen: Chosen;
}

const LAST = { job: undefined, from: undefined, to: undefined };

/** From which to which run; another pair than the last two is worked out first. */
export function Dates({ place, shown, chosen }: Props) {
  const runs = place.runs;
  const { job = '', from = '', to = '' } = place.search;
  const now = job ? { start: from, end: to } : { start: shown.from, end: shown.to };
  const [wish, setWish] = useState<{ start: string; end: string } | null>(null);
  const { start, end } = wish ?? now;
  const work = useStartFlows(place.project);
  const setSearch = useSetSearch();
  const differs = wish !== null && (start !== now.start || end !== now.end);
  const isLast = start === shown.from && end === shown.to;
  const show = () => {
    if (isLast) return setSearch(LAST);
    work.mutate(
      { start, end },
      { onSuccess: (made) => setSearch({ job: made.id, from: start, to: end }) },
    );
  };
  return (
    <section aria-label="Dates" className={classes.dates}>
      <NativeSelect
        label="From"
        value={start}
        data={optionsOf(runs, start)}
        onChange={(event) => setWish({ start: event.currentTarget.value, end })}
      />
      <NativeSelect
        label="To"
        value={end}
        data={optionsOf(runs, end)}
        onChange={(event) => setWish({ start, end: event.currentTarget.value })}
      />
      {differs && start !== end && (
        <ActButton
          needs="analyst"
          act="Working out other dates"
          loading={work.isPending}
          onClick={show}
        >
          Show
        </ActButton>
      )}
      {start === end && <p className="secondary">Choose two different dates.</p>}
      {work.error instanceof ApiError && (
        <Notice tone="danger">
          {work.error.message} {work.error.hint}
        </Notice>
      )}
      <Work place={place} chosen={chosen} />
    </section>
  );
}

/** The published run of a day is called by its day, others by their id too. */
function optionsOf(runs: RunInfo[], value: string) {
  const options = runs.map((run) => {
    const first = runs.find((one) => one.as_of === run.as_of);
    const day = run.as_of ? date(eve(run.as_of)) : 'No date';
    return {
      value: run.run_id,
      label: first?.run_id === run.run_id ? day : `${day}, run ${run.run_id.slice(0, 8)}`,
    };
  });
  if (options.some((one) => one.value === value)) return options;
  return [{ value, label: value || 'No earlier run' }, ...options];
}

const STAGES = [{ id: 'measure', label: 'Placing everybody at both moments' }];

function Work({ place, chosen }: { place: Place; chosen: Chosen }) {
  const cancel = useCancelJob(place.project);
  const setSearch = useSetSearch();
  const { job, waiting } = chosen;
  if (!job || !waiting) return null;
  if (job.state === 'failed' || job.state === 'cancelled')
    return (
      <Notice tone={job.state === 'failed' ? 'danger' : 'plain'}>
        <p>
          {job.error?.message ?? 'Cancelled.'} {job.error?.hint}{' '}
          <button type="button" className="plain" onClick={() => setSearch(LAST)}>
            Show the last two runs
          </button>
        </p>
      </Notice>
    );
  return (
    <JobProgress
      stages={STAGES}
      stage={job.stage ?? ''}
      done={job.fraction ?? 0}
      state={job.state}
      onCancel={() => cancel.mutate(job.id)}
    />
  );
}

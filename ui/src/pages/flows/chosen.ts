import type { Flows } from '@/api/flows';
import { hasEnded, type Job, useJob } from '@/api/jobs';
import type { Place } from '@/place';

/** Whether lists hold those whom flows count: they are of the published run, and of who came with it. */
export const isListed = (flows: Flows, place: Place): boolean =>
  flows.listed === true && !place.search.job && !place.runId;

export interface Chosen {
  /** What the job found, if one was asked for and is done. */
  flows: Flows | null;
  job: Job | undefined;
  /** Whether a job is still at work or has failed, so that there is nothing to show yet. */
  waiting: boolean;
}

/** Flows between two dates of one's own choice: the result of the job in the address. */
export function useChosenFlows(place: Place): Chosen {
  const id = place.search.job ?? '';
  const query = useJob(place.project, id);
  const job = id ? query.data : undefined;
  const done = hasEnded(job) && job?.state === 'done';
  const flows = done ? ((job?.result ?? null) as unknown as Flows | null) : null;
  return { flows, job, waiting: id !== '' && flows === null && !query.isError };
}

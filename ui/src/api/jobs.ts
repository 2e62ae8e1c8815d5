import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, at, type Schemas, told } from './client';

export type Job = Schemas['Job'];
export type JobKind = Schemas['JobWish']['kind'];

const ENDED = new Set(['done', 'failed', 'cancelled']);
export const hasEnded = (job: Job | undefined): boolean =>
  job !== undefined && ENDED.has(job.state);

export function useJobs(project: string) {
  return useQuery({
    queryKey: ['project', project, 'jobs'],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/jobs', {
          params: { path: { project }, query: { limit: 20 } },
          signal,
        }),
      ),
    enabled: project !== '',
  });
}

export function useStartJob(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ kind, params = {} }: { kind: JobKind; params?: Record<string, unknown> }) =>
      told(
        api.POST('/api/v1/projects/{project}/jobs', {
          params: { path: { project } },
          body: { kind, params },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['project', project, 'jobs'] }),
  });
}

/** Fill an empty project with the simulated shop; the job is its first run. */
export function useSample() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (project: string) =>
      told(api.POST('/api/v1/projects/{project}/sample', { params: { path: { project } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['projects'] }),
  });
}

export function useCancelJob(project: string) {
  return useMutation({
    mutationFn: (id: string) =>
      told(
        api.DELETE('/api/v1/projects/{project}/jobs/{job_id}', {
          params: { path: { project, job_id: id } },
        }),
      ),
  });
}

/** A job as it goes on: asked for once, then told by server-sent events until it has ended. */
export function useJob(project: string, id: string) {
  const client = useQueryClient();
  const queryKey = ['project', project, 'job', id];
  const found = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/jobs/{job_id}', {
          params: { path: { project, job_id: id } },
          signal,
        }),
      ),
    enabled: project !== '' && id !== '',
  });
  const ended = hasEnded(found.data);
  const known = found.data !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is made of project and id
  useEffect(() => {
    if (!known || ended) return undefined;
    const events = new EventSource(at(project, 'jobs', id, 'events'));
    events.addEventListener('progress', (event) => {
      const job = JSON.parse((event as MessageEvent<string>).data) as Job;
      client.setQueryData(queryKey, job);
      if (!hasEnded(job)) return;
      events.close();
      void client.invalidateQueries({ queryKey: ['projects'] });
      void client.invalidateQueries({
        queryKey: ['project', project],
        predicate: (query) => query.queryKey[2] !== 'job',
      });
    });
    return () => events.close();
  }, [client, project, id, known, ended]);
  return found;
}

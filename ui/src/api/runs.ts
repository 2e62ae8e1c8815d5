import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';

export type RunInfo = Schemas['RunInfo'];

export function useRuns(project: string) {
  return useQuery({
    queryKey: ['project', project, 'runs'],
    queryFn: ({ signal }) =>
      told(api.GET('/api/v1/projects/{project}/runs', { params: { path: { project } }, signal })),
    enabled: project !== '',
  });
}

export function usePublish(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (runId: string) =>
      told(
        api.POST('/api/v1/projects/{project}/models/{run_id}/publish', {
          params: { path: { project, run_id: runId } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['project', project] }),
  });
}

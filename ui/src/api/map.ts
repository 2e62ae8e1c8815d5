import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';

export type Points = Schemas['Points'];

/** The most that is drawn; of more customers as many are drawn by lot. */
export const MOST_POINTS = 50_000;

export function useMap(project: string, axes: { x: string; y: string }, runId?: string) {
  return useQuery({
    queryKey: ['project', project, 'map', runId ?? '', axes.x, axes.y],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/map', {
          params: {
            path: { project },
            query: { run_id: runId, x: axes.x, y: axes.y, limit: MOST_POINTS },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

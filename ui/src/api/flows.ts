/** Who moved between two moments. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, told } from './client';

export interface FlowSegment {
  id: string;
  name: string;
  slot: number | null;
}

export interface Move {
  from_id: string;
  via_id: string | null;
  to_id: string;
  cause: string;
  customers: number;
}

export interface Crossing {
  rows: string[];
  columns: string[];
  /** Null where a cell is hidden. */
  customers: (number | null)[][];
}

export interface Flows {
  from: string;
  to: string;
  /** Null where it is hidden. */
  causes: Partial<Record<string, number | null>>;
  segments: FlowSegment[];
  items: Move[];
  customers: number | null;
  all: Crossing;
  note?: string;
  /** Whether rows are left out because they would tell of a few. */
  suppressed?: boolean;
  /** Whether lists know who moved. */
  listed?: boolean;
  hidden_reason?: string;
}

export function useFlows(project: string, runId?: string, enabled = true) {
  return useQuery({
    queryKey: ['project', project, 'flows', runId ?? ''],
    queryFn: async ({ signal }) =>
      (await told(
        api.GET('/api/v1/projects/{project}/flows', {
          params: { path: { project }, query: { run_id: runId } },
          signal,
        }),
      )) as unknown as Flows,
    enabled,
  });
}

export function useStartFlows(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { start: string; end: string }) =>
      told(api.POST('/api/v1/projects/{project}/flows', { params: { path: { project } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['project', project, 'jobs'] }),
  });
}

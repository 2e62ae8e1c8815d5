/** What became of every row that came in. */
import { useQuery } from '@tanstack/react-query';
import { api, told } from './client';

export interface Finding {
  code: string;
  action: string;
  message: string;
  rows: number;
  share: number | null;
  /** Money that it is about, where it is told. */
  amount?: number;
  examples?: { row: number; value: string | null }[];
}

export interface TableQuality {
  rows_in: number;
  accepted: number;
  quarantined: number;
  findings: Finding[];
  missing: Record<string, number>;
}

export interface Refused {
  table: string;
  reason: string;
  rows: number;
  examples: { source: string; row: number; message: string }[];
}

export interface Quality {
  run_id: string;
  as_of: string | null;
  tables: Record<string, TableQuality>;
  quarantine: Refused[];
}

export function useQuality(project: string, runId?: string) {
  return useQuery({
    queryKey: ['project', project, 'quality', runId ?? ''],
    queryFn: async ({ signal }) =>
      (await told(
        api.GET('/api/v1/projects/{project}/quality', {
          params: { path: { project }, query: { run_id: runId } },
          signal,
        }),
      )) as unknown as Quality,
  });
}

export interface RefusedRow {
  table: string;
  source: string;
  row: number;
  reason: string;
  message: string;
  raw: string;
}

const PAGE = 500;

/** All rows that were set aside, page by page. */
export async function quarantineOf(project: string, runId?: string): Promise<RefusedRow[]> {
  const rows: RefusedRow[] = [];
  let cursor = '';
  do {
    const page = await told(
      api.GET('/api/v1/projects/{project}/quality/quarantine', {
        params: { path: { project }, query: { run_id: runId, cursor, limit: PAGE } },
      }),
    );
    rows.push(...(page.items as unknown as RefusedRow[]));
    cursor = page.next ?? '';
  } while (cursor);
  return rows;
}

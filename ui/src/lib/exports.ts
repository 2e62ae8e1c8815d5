/** Addresses of the files that the server makes. */
import { at } from '@/api/client';
import type { ExportKind } from '@/components/ExportMenu';
import { writeSearch } from './urls';

/** Files of the customers of a list: of a segment, or of whoever else is listed. */
export function customerFiles(
  project: string,
  segment = '',
  rest: { run_id?: string; search?: string; moved_from?: string; cause?: string } = {},
): ExportKind[] {
  const of = (what: string, format: string) =>
    `${at(project, 'exports', what)}${writeSearch({ segment, format, ...rest })}`;
  return [
    { label: 'Ids and segments, CSV', href: of('assignments', 'csv') },
    { label: 'Ids and segments, Parquet', href: of('assignments', 'parquet') },
    { label: 'With all features, CSV', href: of('customers', 'csv') },
    { label: 'With all features, Parquet', href: of('customers', 'parquet') },
  ];
}

export const DIALECTS = ['duckdb', 'postgres', 'spark', 'bigquery', 'snowflake'] as const;

export const sqlFile = (project: string, dialect: string, rules: boolean, runId?: string): string =>
  `${at(project, 'exports', 'sql')}${writeSearch({ dialect, rules, run_id: runId })}`;

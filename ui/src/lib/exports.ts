/** Addresses of the files that the server makes. */
import { at } from '@/api/client';
import type { ExportKind } from '@/components/ExportMenu';
import { writeSearch } from './urls';

export function customerFiles(project: string, segment = '', runId?: string): ExportKind[] {
  const of = (what: string, format: string) =>
    `${at(project, 'exports', what)}${writeSearch({ segment, format, run_id: runId })}`;
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

/** What was chosen for a new run so far; kept in this tab, so that nothing is lost on the way. */
import { useCallback, useState } from 'react';
import type { Proposal } from '@/api/mapping';
import { activate, inlineTable, set, setOfSource, text } from '@/lib/settings';

export interface Draft {
  /** By upload: columns of theirs with ours, or nothing, in the order in which they were chosen. */
  columns: Record<string, [column: string, role: string][]>;
  currency?: string;
  returns?: string;
  duplicates?: string;
  free?: string;
  /** By upload, where dates can be read in two ways. */
  time: Record<string, string>;
  k: 'auto' | [number, number];
  horizon?: string;
  /** The last day that counts, as people say it. */
  lastDay?: string;
}

const EMPTY: Draft = { columns: {}, time: {}, k: 'auto' };

export function useDraft(id: string): [Draft, (change: Partial<Draft>) => void] {
  const key = `coterie.draft.${id}`;
  const [draft, setDraft] = useState<Draft>(() => {
    const kept = sessionStorage.getItem(key);
    return kept ? { ...EMPTY, ...(JSON.parse(kept) as Partial<Draft>) } : EMPTY;
  });
  const change = useCallback(
    (part: Partial<Draft>) =>
      setDraft((now) => {
        const next = { ...now, ...part };
        sessionStorage.setItem(key, JSON.stringify(next));
        return next;
      }),
    [key],
  );
  return [draft, change];
}

/**
 * How the columns of a file are read: as proposed, unless chosen otherwise. A choice takes its
 * role from whoever had it, and gives it back when another choice is made for the same column:
 * arrows pass through all roles of a list.
 */
export function rolesOf(proposal: Proposal, draft: Draft): Record<string, string> {
  const roles = Object.fromEntries(proposal.columns.map((one) => [one.user_column, one.column]));
  for (const [column, role] of draft.columns[proposal.upload] ?? []) {
    for (const other of Object.keys(roles)) if (role && roles[other] === role) roles[other] = '';
    roles[column] = role;
  }
  return roles;
}

/** The choices of an upload with one more, which is the newest. */
export const chosen = (
  draft: Draft,
  upload: string,
  column: string,
  role: string,
): Draft['columns'] => ({
  ...draft.columns,
  [upload]: [
    ...(draft.columns[upload] ?? []).filter(([other]) => other !== column),
    [column, role],
  ],
});

/** Columns that the table needs and that no column of the file is read as. */
export function lacking(proposal: Proposal, draft: Draft): string[] {
  const used = new Set(Object.values(rolesOf(proposal, draft)));
  const needed = proposal.table === 'customers' ? ['customer_id'] : [];
  if (proposal.table === 'orders') needed.push('customer_id', 'timestamp');
  const lack = needed.filter((one) => !used.has(one));
  const priced = used.has('amount') || (used.has('quantity') && used.has('unit_price'));
  if (proposal.table === 'orders' && !priced) lack.push('amount');
  return lack;
}

/** The settings of the run: those that were proposed, with what was chosen. */
export function settingsOf(toml: string, proposals: Proposal[], draft: Draft): string {
  let found = toml;
  if (draft.currency) found = set(found, '[project]', 'currency', text(draft.currency));
  for (const one of proposals) {
    if (draft.columns[one.upload]) found = withColumns(found, one, draft);
    const format = draft.time[one.upload];
    if (format) found = setOfSource(found, one.file, 'timestamp_format', text(format));
    if (one.table !== 'orders') continue;
    if (draft.returns) found = setOfSource(found, one.file, 'returns', text(draft.returns));
    if (draft.duplicates)
      found = setOfSource(found, one.file, 'duplicates', text(draft.duplicates));
    if (draft.free) found = setOfSource(found, one.file, 'free_orders', draft.free);
  }
  const k = draft.k === 'auto' ? '"auto"' : `[${draft.k[0]}, ${draft.k[1]}]`;
  found = set(found, '[segmentation]', 'k', k);
  return draft.horizon ? set(found, '[segmentation]', 'horizon', text(draft.horizon)) : found;
}

function withColumns(toml: string, proposal: Proposal, draft: Draft): string {
  const ours = Object.fromEntries(
    Object.entries(rolesOf(proposal, draft))
      .filter(([, role]) => role !== '')
      .map(([theirs, role]) => [role, theirs]),
  );
  let found = lacking(proposal, draft).length === 0 ? activate(toml, proposal.file) : toml;
  if (proposal.table === 'customers') {
    const { customer_id: id, ...rest } = ours;
    if (id) found = setOfSource(found, proposal.file, 'key', text(id));
    const more = Object.keys(rest).length ? inlineTable(rest) : null;
    return setOfSource(found, proposal.file, 'columns', more);
  }
  return setOfSource(found, proposal.file, 'columns', inlineTable(ours));
}

/** A name for a project that no other has. */
export function free(name: string, taken: ReadonlySet<string>): string {
  let found = name;
  for (let n = 2; taken.has(found); n += 1) found = `${name}-${n}`;
  return found;
}

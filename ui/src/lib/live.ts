/** What is told of customers as it happens, as rows that people read. */
import type { StreamMove, StreamStatus } from '@/api/stream';

export interface LiveRow {
  key: string;
  /** The newest number in it. */
  seq: number;
  at: string;
  cause: string;
  /** One, or all who moved alike when a day or a model changed. */
  customers: string[];
  from: string | null;
  to: string | null;
  /** Expected value before and after, where that changed. */
  value?: { before: number; after: number };
}

export const CAUSE_WORDS: Record<string, string> = {
  event: 'what she did',
  time: 'time',
  model: 'a new model',
  correction: 'a correction',
};

/** The newest first. Whoever moved alike in one stroke, without having done anything, is one row. */
export function rowsOf(moves: readonly StreamMove[]): LiveRow[] {
  const rows = new Map<string, LiveRow>();
  for (const one of moves) {
    // Who entered another segment is told once, not as leaving and entering.
    if (one.type === 'segment.left' && one.to_id != null) continue;
    const [from, to] = [one.from_id ?? null, one.to_id ?? null];
    const alone = one.cause === 'event' || one.type === 'value.changed';
    const key = alone ? one.id : [one.at, one.cause, from, to].join(' ');
    const known = rows.get(key);
    if (known) {
      known.customers.push(one.customer_id);
      known.seq = one.seq;
      continue;
    }
    const { before, after } = one;
    const value = before != null && after != null ? { before, after } : undefined;
    const customers = [one.customer_id];
    rows.set(key, { key, seq: one.seq, at: one.at, cause: one.cause, customers, from, to, value });
  }
  return [...rows.values()].sort((a, b) => b.seq - a.seq);
}

const SILENT = 30;
const TIMES = 10;

/** Seconds since anything came, if that is longer than is usual; else null. */
export function silence(status: StreamStatus): number | null {
  if (!status.at || !status.now) return null;
  const since = (Date.parse(status.now) - Date.parse(status.at)) / 1000;
  return since > Math.max(SILENT, TIMES * (status.usual_gap_seconds ?? 0)) ? since : null;
}

/** Features that are not what they were. */
export function changed(
  before: Record<string, unknown>,
  now: Record<string, unknown>,
): { name: string; before: unknown; now: unknown }[] {
  return Object.keys(now)
    .filter((name) => before[name] !== now[name])
    .map((name) => ({ name, before: before[name] ?? null, now: now[name] ?? null }));
}

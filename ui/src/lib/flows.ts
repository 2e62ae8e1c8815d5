/** Moves between two moments: sums that always add up, net changes, and what is drawn of them. */
import type { FlowSegment, Flows, Move } from '@/api/flows';
import { totalOf } from './format';

/** Customers whom one of the two moments does not know, and those in no segment. */
export const ABSENT = 'absent';
export const NOBODY = 'none';
/** Moves of fewer customers are drawn together. */
export const FLOOR = 25;

/** Which moves are looked at; `own` leaves out what a new model alone moved. */
export type CauseView = 'all' | 'aged' | 'behaved' | 'border' | 'own';

export const CAUSE_WORDS: Record<string, string> = {
  aged: 'time',
  behaved: 'orders',
  border: 'a new border',
  corrected: 'a corrected past',
  unknown: 'cause not known',
};

/** How lists say why somebody is where she is, and what the choice of it is called. */
export const LISTED = {
  stayed: { said: 'who stayed', label: 'Stayed' },
  moved: { said: 'who moved', label: 'Moved' },
  aged: { said: 'who moved by time alone', label: 'Moved by time' },
  behaved: { said: 'who moved by orders', label: 'Moved by orders' },
  border: { said: 'whom a new border moved', label: 'Moved by a new border' },
  corrected: { said: 'whom a corrected past moved', label: 'Moved by a corrected past' },
  unknown: { said: 'who moved, cause not known', label: 'Moved, cause not known' },
  new: { said: 'who are new', label: 'New' },
} as const;

export const causeOf = (told: string | undefined): keyof typeof LISTED | undefined =>
  told !== undefined && told in LISTED ? (told as keyof typeof LISTED) : undefined;

export interface Sum {
  before: number;
  stayed: number;
  moved: number;
  gone: number;
  fresh: number;
  now: number;
}

/** The sum from then to now; null where one of its parts is hidden. */
export function sumOf(causes: Flows['causes']): Sum | null {
  const of = (name: string) => causes[name] ?? 0;
  const all = totalOf(Object.values(causes).map((n) => n ?? null));
  if (all === null) return null;
  const [stayed, fresh, gone] = [of('stayed'), of('new'), of('gone')];
  const moved = all - stayed - fresh - gone;
  return { before: stayed + moved + gone, stayed, moved, gone, fresh, now: stayed + moved + fresh };
}

/** The moves that a view shows; who stayed is no move. */
export function movesOf(flows: Flows, view: CauseView): Move[] {
  const moves = flows.items.filter((one) => one.cause !== 'stayed');
  if (view === 'all') return moves;
  if (view === 'own') return moves.filter((one) => one.cause !== 'border');
  return moves.filter((one) => one.cause === view);
}

export interface Net {
  segment: FlowSegment;
  came: number;
  went: number;
  net: number;
}

/** How much every segment grew by these moves, the most first. */
export function netOf(flows: Flows, view: CauseView): Net[] {
  const moves = movesOf(flows, view);
  const of = (id: string, end: 'from_id' | 'to_id') =>
    moves.reduce(
      (sum, one) => sum + (one[end] === id && one.from_id !== one.to_id ? one.customers : 0),
      0,
    );
  return flows.segments
    .map((segment) => {
      const [came, went] = [of(segment.id, 'to_id'), of(segment.id, 'from_id')];
      return { segment, came, went, net: came - went };
    })
    .sort((a, b) => b.net - a.net);
}

export interface Between {
  from: string;
  to: string;
  cause: string;
  customers: number;
}

/** Moves from one segment to another for one cause, the largest first. */
export function largest(flows: Flows, view: CauseView): Between[] {
  const found = new Map<string, Between>();
  for (const { from_id, to_id, cause, customers } of movesOf(flows, view)) {
    if (from_id === ABSENT || to_id === ABSENT || from_id === to_id) continue;
    const key = `${from_id} ${to_id} ${cause}`;
    const known = found.get(key) ?? { from: from_id, to: to_id, cause, customers: 0 };
    known.customers += customers;
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.customers - a.customers);
}

export interface Link {
  from: string;
  /** Null: one of several small moves, drawn together. */
  to: string | null;
  customers: number;
}

/** What is drawn: who stayed, moves of at least the floor, and all others together. */
export function linksOf(flows: Flows, view: CauseView): Link[] {
  const pairs = new Map<string, Link & { to: string }>();
  const drawn = [...flows.items.filter((one) => one.cause === 'stayed'), ...movesOf(flows, view)];
  for (const { from_id, to_id, customers } of drawn) {
    const key = `${from_id} ${to_id}`;
    const known = pairs.get(key) ?? { from: from_id, to: to_id, customers: 0 };
    known.customers += customers;
    pairs.set(key, known);
  }
  const links: Link[] = [];
  const small = new Map<string, number>();
  for (const link of pairs.values()) {
    if (link.from === link.to || link.customers >= FLOOR) links.push(link);
    else small.set(link.from, (small.get(link.from) ?? 0) + link.customers);
  }
  for (const [from, customers] of small) links.push({ from, to: null, customers });
  return links;
}

export interface Matrix {
  rows: string[];
  columns: string[];
  cells: (number | null)[][];
  /** Null where a hidden cell is in it. */
  rowSums: (number | null)[];
  columnSums: (number | null)[];
  sum: number | null;
}

export function matrixOf(flows: Flows): Matrix {
  const { rows, columns, customers: cells } = flows.all;
  return {
    rows,
    columns,
    cells,
    rowSums: cells.map(totalOf),
    columnSums: columns.map((_, at) => totalOf(cells.map((row) => row[at] ?? null))),
    sum: flows.customers,
  };
}

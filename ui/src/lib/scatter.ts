/** Points in their groups, the middle of each, and axes on which a long tail is readable. */

export interface Group {
  /** Null: in no segment. */
  id: string | null;
  /** Places in the lists of the answer. */
  at: number[];
  x: number;
  y: number;
}

const middle = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
};

/** Put points into groups by segment; points that lack a coordinate are left out. */
export function groupsOf(
  xs: (number | null)[],
  ys: (number | null)[],
  segments: (string | null)[],
): Group[] {
  const found = new Map<string | null, number[]>();
  segments.forEach((id, n) => {
    if (xs[n] == null || ys[n] == null) return;
    const group = found.get(id);
    if (group) group.push(n);
    else found.set(id, [n]);
  });
  return [...found].map(([id, at]) => ({
    id,
    at,
    x: middle(at.map((n) => xs[n] ?? 0)),
    y: middle(at.map((n) => ys[n] ?? 0)),
  }));
}

/** Where a value lies on an axis; on a long-tailed one 0, 9, 99 and 999 are one step apart. */
export const placeOn = (log: boolean, value: number): number =>
  log ? Math.log10(1 + Math.max(0, value)) : value;

/** Round values to label a long-tailed axis with, up to the greatest. */
export function logTicks(most: number): number[] {
  const ticks = [0];
  for (let one = 1; one <= Math.max(1, most); one *= 10) ticks.push(one);
  return ticks;
}

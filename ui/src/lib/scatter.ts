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

const TAIL = 20;

/** Whether on a plain axis all but a few would lie in one corner. */
export function isLongTailed(values: (number | null)[]): boolean {
  const sizes = values.flatMap((one) => (one === null ? [] : [Math.abs(one)]));
  const most = sizes.reduce((found, one) => Math.max(found, one), 0);
  const usual = middle(sizes);
  return usual > 0 && most > TAIL * usual;
}

/** Where a value lies on an axis; on a long-tailed one 0, 9, 99 and −9 are one step apart. */
export const placeOn = (log: boolean, value: number): number =>
  log ? Math.sign(value) * Math.log10(1 + Math.abs(value)) : value;

/** The value at a place of a long-tailed axis, whole. */
export const valueAt = (place: number): number =>
  Math.sign(place) * Math.round(10 ** Math.abs(place) - 1);

/** Round values to label a long-tailed axis with, between the least and the greatest. */
export function logTicks(values: (number | null)[]): number[] {
  const [low, high] = values.reduce<[number, number]>(
    ([a, b], one) => [Math.min(a, one ?? 0), Math.max(b, one ?? 0)],
    [0, 1],
  );
  const ticks = [0];
  for (let one = 1; one <= high; one *= 10) ticks.push(one);
  for (let one = 10; one <= -low; one *= 10) ticks.unshift(-one);
  return ticks;
}

/** Points of the same place as one dot with their number. */
export function shared(points: [number, number][]): [number, number, number][] {
  const found = new Map<string, [number, number, number]>();
  for (const [x, y] of points) {
    const dot = found.get(`${x} ${y}`);
    if (dot) dot[2] += 1;
    else found.set(`${x} ${y}`, [x, y, 1]);
  }
  return [...found.values()];
}

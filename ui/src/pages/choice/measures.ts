/** What the usual measures would have picked, of those numbers of segments that were tried. */
import type { Candidate, SweepPoint } from '@/api/overview';
import type { BandPoint } from '@/components/LineBand';

export interface Usual {
  name: string;
  /** How it is read. */
  how: string;
  points: BandPoint[];
  /** The number of segments that it would have picked; null where it is read by eye. */
  pick: number | null;
}

interface Rule {
  name: string;
  how: string;
  of: (one: Candidate) => number | null;
  most: boolean;
}

const RULES: Rule[] = [
  { name: 'Silhouette', how: 'the highest wins', of: (one) => one.silhouette, most: true },
  { name: 'Davies–Bouldin', how: 'the lowest wins', of: (one) => one.db, most: false },
  { name: 'Calinski–Harabasz', how: 'the highest wins', of: (one) => one.ch, most: true },
];

/** The candidates made as the chosen one was, which differ in their number of segments alone. */
export function sameKind(candidates: Candidate[]): Candidate[] {
  const chosen = candidates.find((one) => one.chosen);
  if (!chosen) return [];
  return candidates.filter(
    (one) => one.algorithm === chosen.algorithm && one.features === chosen.features,
  );
}

export function usualOf(candidates: Candidate[], sweep: SweepPoint[]): Usual[] {
  const same = sameKind(candidates);
  const found = RULES.map(({ name, how, of, most }) => {
    const points = same.flatMap((one) => {
      const value = of(one);
      return value === null ? [] : [{ x: one.k, value }];
    });
    const best = points.reduce<BandPoint | null>(
      (now, one) =>
        now === null || (most ? one.value > now.value : one.value < now.value) ? one : now,
      null,
    );
    return { name, how, points, pick: best?.x ?? null };
  });
  const elbow = sweep.flatMap((one) =>
    one.inertia === null ? [] : [{ x: one.k, value: one.inertia }],
  );
  return [
    ...found,
    { name: 'Elbow', how: 'read by eye: where the line bends', points: elbow, pick: null },
  ].filter((one) => one.points.length > 1);
}

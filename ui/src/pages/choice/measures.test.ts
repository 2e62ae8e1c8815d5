import { expect, test } from 'vitest';
import type { Candidate } from '@/api/overview';
import { sameKind, usualOf } from './measures';

const made = (k: number, more: Partial<Candidate> = {}): Candidate => ({
  algorithm: 'kmeans',
  features: 'log RFM',
  k,
  P: null,
  ci: null,
  S_w: null,
  S_min: null,
  D: null,
  silhouette: null,
  db: null,
  ch: null,
  inertia: null,
  reference: false,
  chosen: false,
  reason_lost: '',
  ...more,
});

const TRIED = [
  made(2, { silhouette: 0.5, db: 0.8, ch: 100 }),
  made(3, { silhouette: 0.4, db: 0.7, ch: 120 }),
  made(4, { silhouette: 0.45, db: 0.9, ch: 90, chosen: true }),
  made(9, { algorithm: 'ward', silhouette: 0.9 }),
];

test('only candidates that were made as the chosen one are compared', () => {
  expect(sameKind(TRIED).map((one) => one.k)).toEqual([2, 3, 4]);
  expect(sameKind([made(2)])).toEqual([]);
});

test('each measure picks its best, the lowest where low is good', () => {
  const found = usualOf(TRIED, []);
  expect(found.map((one) => [one.name, one.pick])).toEqual([
    ['Silhouette', 2],
    ['Davies–Bouldin', 3],
    ['Calinski–Harabasz', 3],
  ]);
});

test('the elbow is drawn and picks nothing', () => {
  const point = { silhouette: null, p: null, p_low: null, p_high: null };
  const sweep = [1, 2, 3].map((k) => ({ k, inertia: 100 / k, ...point }));
  expect(usualOf([], sweep).map((one) => [one.name, one.points.length, one.pick])).toEqual([
    ['Elbow', 3, null],
  ]);
});

import { expect, test } from 'vitest';
import type { Flows, Move } from '@/api/flows';
import { causeOf, largest, linksOf, matrixOf, movesOf, netOf, sumOf } from './flows';

const move = (from_id: string, to_id: string, cause: string, customers: number): Move => ({
  from_id,
  via_id: null,
  to_id,
  cause,
  customers,
});

const ITEMS = [
  move('a', 'a', 'stayed', 100),
  move('b', 'b', 'stayed', 50),
  move('a', 'b', 'aged', 30),
  move('b', 'a', 'behaved', 10),
  move('a', 'b', 'border', 5),
  move('absent', 'a', 'new', 40),
  move('b', 'absent', 'gone', 2),
];

const FLOWS: Flows = {
  from: 'r1',
  to: 'r2',
  causes: { stayed: 150, aged: 30, behaved: 10, border: 5, new: 40, gone: 2 },
  segments: [
    { id: 'a', name: 'A', slot: 1 },
    { id: 'b', name: 'B', slot: 2 },
  ],
  items: ITEMS,
  customers: 237,
  all: {
    rows: ['a', 'b', 'absent'],
    columns: ['a', 'b', 'absent'],
    customers: [
      [100, 35, 0],
      [10, 50, 2],
      [40, 0, 0],
    ],
  },
};

test('the sum adds up from then to now', () => {
  const sum = sumOf(FLOWS.causes);
  expect(sum).toEqual({ before: 197, stayed: 150, moved: 45, gone: 2, fresh: 40, now: 235 });
  expect((sum?.before ?? 0) - (sum?.gone ?? 0) + (sum?.fresh ?? 0)).toBe(sum?.now);
  expect(sumOf({ ...FLOWS.causes, gone: null })).toBeNull();
});

test('net changes tell how much a segment grew, for each cause alone too', () => {
  expect(netOf(FLOWS, 'all').map((one) => [one.segment.id, one.came, one.went, one.net])).toEqual([
    ['b', 35, 12, 23],
    ['a', 50, 35, 15],
  ]);
  expect(netOf(FLOWS, 'behaved').map((one) => [one.segment.id, one.net])).toEqual([
    ['a', 10],
    ['b', -10],
  ]);
});

test('what a new model moved can be left out', () => {
  expect(movesOf(FLOWS, 'own').some((one) => one.cause === 'border')).toBe(false);
  expect(movesOf(FLOWS, 'all').some((one) => one.cause === 'stayed')).toBe(false);
});

test('small moves are drawn together and lose nobody', () => {
  const links = linksOf(FLOWS, 'all');
  expect(links.filter((one) => one.to === null)).toEqual([{ from: 'b', to: null, customers: 12 }]);
  expect(links.reduce((sum, one) => sum + one.customers, 0)).toBe(FLOWS.customers);
});

test('the largest moves are between segments, one for each cause', () => {
  expect(largest(FLOWS, 'all').map((one) => [one.from, one.to, one.cause, one.customers])).toEqual([
    ['a', 'b', 'aged', 30],
    ['b', 'a', 'behaved', 10],
    ['a', 'b', 'border', 5],
  ]);
});

test('sums of the matrix fit, and a sum with a hidden cell is not told', () => {
  const whole = matrixOf(FLOWS);
  expect(whole.rowSums).toEqual([135, 62, 40]);
  expect(whole.columnSums).toEqual([150, 85, 2]);
  expect(whole.sum).toBe(237);
  const hidden = matrixOf({
    ...FLOWS,
    all: {
      ...FLOWS.all,
      customers: [
        [100, null, 0],
        [10, 50, 2],
        [40, 0, 0],
      ],
    },
  });
  expect(hidden.rowSums[0]).toBeNull();
  expect(hidden.columnSums).toEqual([150, null, 2]);
});

test('a cause in an address is one that lists know, or none', () => {
  expect(causeOf('aged')).toBe('aged');
  expect(causeOf('whim')).toBeUndefined();
  expect(causeOf(undefined)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { groupsOf, logTicks, placeOn } from './scatter';

test('points are grouped by segment and those without a place left out', () => {
  const found = groupsOf([1, 2, null, 9, 3], [1, 5, 1, 9, 3], ['a', 'a', 'a', null, 'a']);
  expect(found).toEqual([
    { id: 'a', at: [0, 1, 4], x: 2, y: 3 },
    { id: null, at: [3], x: 9, y: 9 },
  ]);
});

test('a long-tailed axis has a place for 0 and grows by tens', () => {
  expect(placeOn(true, 0)).toBe(0);
  expect(placeOn(true, 99)).toBe(2);
  expect(placeOn(false, -3)).toBe(-3);
  expect(logTicks(4300)).toEqual([0, 1, 10, 100, 1000]);
});

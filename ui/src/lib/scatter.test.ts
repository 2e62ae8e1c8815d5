import { expect, test } from 'vitest';
import { groupsOf, isLongTailed, logTicks, placeOn, shared, valueAt } from './scatter';

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
  expect(placeOn(true, -9)).toBe(-1);
  expect(logTicks([4300, null, 3])).toEqual([0, 1, 10, 100, 1000]);
  expect(logTicks([-120, 20])).toEqual([-100, -10, 0, 1, 10]);
  for (const value of [-120, 0, 7, 280_000]) expect(valueAt(placeOn(true, value))).toBe(value);
});

test('only values of very different size make an axis long-tailed', () => {
  expect(isLongTailed([-4, 600, 700, 280_000])).toBe(true);
  expect(isLongTailed([0, 50, 373, null])).toBe(false);
  expect(isLongTailed([0, 0, 0, 9])).toBe(false);
});

test('points of one place are one dot that counts them', () => {
  expect(
    shared([
      [1, 2],
      [3, 4],
      [1, 2],
    ]),
  ).toEqual([
    [1, 2, 2],
    [3, 4, 1],
  ]);
});

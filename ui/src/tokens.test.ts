import { expect, test } from 'vitest';
import { ciede2000, contrast, deuteranopia, labOf } from './testing/colour';
import { COLOURS, lookOf, SLOTS, type Theme, variables } from './tokens';

const THEMES: Theme[] = ['light', 'dark'];
const at = (theme: Theme) => (theme === 'light' ? 0 : 1);

test('the measures are those of the literature', () => {
  // Sharma, Wu, Dalal (2005), pairs 1 and 17 of the table of test data.
  expect(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4);
  expect(ciede2000([50, 2.5, 0], [73, 25, -18])).toBeCloseTo(27.1492, 4);
  expect(contrast('#000000', '#FFFFFF')).toBe(21);
  expect(labOf('#FFFFFF')[0]).toBeCloseTo(100, 2);
});

test.each(THEMES)('text and edges can be read on page, card and tint: %s', (theme) => {
  const colour = (name: keyof typeof COLOURS) => COLOURS[name][at(theme)];
  for (const ground of ['page', 'card', 'hover', 'raised'] as const) {
    for (const text of ['ink', 'ink-2', 'ink-3', 'danger', 'warn', 'good'] as const)
      expect(contrast(colour(text), colour(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(
        4.5,
      );
    expect(contrast(colour('edge'), colour(ground))).toBeGreaterThanOrEqual(3);
  }
  for (const state of ['danger', 'warn', 'good'] as const)
    expect(contrast(colour(state), colour(`${state}-tint`))).toBeGreaterThanOrEqual(4.5);
  for (const tint of ['less2', 'less1', 'more1', 'more2'] as const)
    expect(contrast(colour('ink'), colour(tint))).toBeGreaterThanOrEqual(8.6);
});

test.each(THEMES)('segments stand out from card and page: %s', (theme) => {
  for (const slot of SLOTS)
    for (const ground of ['page', 'card'] as const)
      expect(
        contrast(slot.colour[at(theme)], COLOURS[ground][at(theme)]),
        `${slot.name} on ${ground}`,
      ).toBeGreaterThanOrEqual(3.1);
});

function least(
  theme: Theme,
  seen: (hex: string) => [number, number, number],
  sameShape = false,
): number {
  let smallest = Number.POSITIVE_INFINITY;
  SLOTS.forEach((one, i) => {
    for (const other of SLOTS.slice(i + 1)) {
      if (sameShape && one.shape !== other.shape) continue;
      const [a, b] = [one, other].map((slot) => seen(slot.colour[at(theme)]));
      if (a && b) smallest = Math.min(smallest, ciede2000(a, b));
    }
  });
  return smallest;
}

test('twelve segments can be told apart, with the colour sense of all and of deuteranopes', () => {
  expect(least('light', labOf)).toBeGreaterThanOrEqual(18.3);
  expect(least('dark', labOf)).toBeGreaterThanOrEqual(17.1);
  expect(least('light', deuteranopia)).toBeGreaterThanOrEqual(10.6);
  expect(least('dark', deuteranopia)).toBeGreaterThanOrEqual(11.4);
});

test.each(THEMES)('two segments of one shape are never near in hue: %s', (theme) => {
  expect(least(theme, labOf, true)).toBeGreaterThanOrEqual(16.9);
  expect(least(theme, deuteranopia, true)).toBeGreaterThanOrEqual(16.9);
});

test('a slot past the twelfth comes again hollow; no slot is a cross', () => {
  expect(lookOf(1)).toEqual({ shape: 'circle', colour: 'var(--seg-1)', hollow: false });
  expect(lookOf(13)).toEqual({ shape: 'circle', colour: 'var(--seg-1)', hollow: true });
  expect(lookOf(null).shape).toBe('cross');
  expect(variables('dark')['--seg-12']).toBe('#9A7AA4');
});

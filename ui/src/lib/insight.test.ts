import { beforeAll, expect, test } from 'vitest';
import { setLocale } from './format';
import { sentenceOf, writePart } from './insight';

beforeAll(() => setLocale('en-GB'));

test('a sentence has its numbers as they are written here, with their range', () => {
  const parts = [
    { segment: 'seg-001' },
    { text: ' are ' },
    { value: 0.012, unit: 'share' },
    { text: ' of customers and about ' },
    { value: 0.315, unit: 'share', low: 0.23, high: 0.4 },
    { text: ' of spend.' },
  ];
  expect(sentenceOf(parts, new Map([['seg-001', 'Champions']]), 'GBP')).toBe(
    'Champions are 1.2% of customers and about 32% (23–40%) of spend.',
  );
});

test('money is an estimate, counts are exact, days have their word', () => {
  expect(writePart({ value: 53808.5, unit: 'money' }, 'GBP')).toBe('£54,000');
  expect(writePart({ value: 4334, unit: 'count' }, 'GBP')).toBe('4,334');
  expect(writePart({ value: 28, unit: 'days' }, 'GBP')).toBe('28 days');
});

test('a segment that is not known keeps its id', () => {
  expect(sentenceOf([{ segment: 'seg-009' }], new Map(), '')).toBe('seg-009');
});

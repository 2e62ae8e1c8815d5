import { beforeEach, expect, test } from 'vitest';
import * as f from './format';

beforeEach(() => f.setLocale('en-GB'));

test('counts are exact and grouped; labels of charts are short', () => {
  expect(f.count(4334)).toBe('4,334');
  expect(f.short(4334)).toBe('4.3 k');
  expect(f.short(8310000)).toBe('8.31 M');
  expect(f.counted(1, 'customer')).toBe('1 customer');
  expect(f.counted(4334, 'customer')).toBe('4,334 customers');
});

test('a change has a sign, and the minus is a minus', () => {
  expect(f.change(61)).toBe('+61');
  expect(f.change(-70)).toBe('−70');
  expect(f.change(0)).toBe('0');
  expect(f.points(0.03)).toBe('+3 points');
  expect(f.points(-0.01)).toBe('−1 point');
});

test('shares have a decimal in tables, none in sentences from 10% on', () => {
  expect(f.share(0.315)).toBe('31.5%');
  expect(f.share(0)).toBe('0%');
  expect(f.share(0.315, 210)).toBe('32%');
  expect(f.share(0.012, 210)).toBe('1.2%');
  expect(f.shareInWords(0.3151)).toBe('32%');
  expect(f.shareInWords(0.0122)).toBe('1.2%');
});

test('money: exact in lists, three figures when large, two when estimated', () => {
  expect(f.money(4310, 'GBP')).toBe('£4,310');
  expect(f.money(2.9, 'GBP')).toBe('£2.90');
  expect(f.money(0, 'GBP')).toBe('£0');
  expect(f.money(-12.4, 'GBP', true)).toBe('−£12.40');
  expect(f.largeMoney(8_312_345, 'GBP')).toBe('£8.31 M');
  expect(f.largeMoney(168_469, 'GBP')).toBe('£168,469');
  expect(f.estimate(893.2, 'GBP')).toBe('£890');
  expect(f.estimate(59072, 'GBP')).toBe('£59,000');
  expect(f.money(4310, '')).toBe('4,310');
});

test('a range has its unit once, and an en dash', () => {
  expect(f.range(0.23, 0.401, f.shareInWords)).toBe('23–40%');
  expect(f.range(4300, 5800, (x) => f.estimate(x, 'GBP'))).toBe('£4,300–£5,800');
});

test('chances are in 100, and never certain', () => {
  expect(f.chance(0.51)).toBe('51 in 100');
  expect(f.chance(0.001)).toBe('fewer than 1 in 100');
  expect(f.chance(0.999)).toBe('more than 99 in 100');
});

test('an as-of is read as the end of the day before', () => {
  expect(f.date('2011-12-09')).toBe('9 Dec 2011');
  expect(f.endOf('2011-12-10')).toBe('end of 9 Dec 2011');
  expect(f.asOfThe('2011-12-10')).toBe('As of the end of 9 Dec 2011.');
  expect(f.endOf('2012-03-01')).toBe('end of 29 Feb 2012');
  expect(f.span('2011-09-11', '2011-12-09')).toBe('11 Sep – 9 Dec 2011');
  expect(f.span('2010-12-01', '2011-12-09')).toBe('1 Dec 2010 – 9 Dec 2011');
});

test('durations are in the largest unit that stays exact enough', () => {
  expect(f.duration(41)).toBe('41 s');
  expect(f.duration(600)).toBe('10 min');
  expect(f.duration(26 * 86400)).toBe('26 days');
  expect(f.ago('2026-01-01T10:00:00Z', Date.parse('2026-01-01T12:00:00Z'))).toBe('2 h ago');
});

test('what is measured is written with its unit', () => {
  expect(f.quantity(9, 'days')).toBe('9 days');
  expect(f.quantity(1, 'days')).toBe('1 day');
  expect(f.quantity(48.4, 'days')).toBe('48 days');
  expect(f.quantity(7, 'order days')).toBe('7');
  expect(f.quantity(6, 'months')).toBe('6 months');
  expect(f.quantity(4310, 'money', 'GBP')).toBe('£4,310');
  expect(f.quantity(0.253, 'share')).toBe('25%');
  expect(f.quantity(0.03287, 'times')).toBe('0.033 times');
});

test('other readers see their own numbers and dates', () => {
  f.setLocale('de-DE');
  expect(f.count(4334)).toBe('4.334');
  expect(f.date('2011-12-09')).toBe('09.12.2011');
});

test('money in a sentence of the server gets its currency, and nothing else changes', () => {
  const told = 'Order 52, 168,469.60, was cancelled 12 days later: it nets to 0.00.';
  expect(f.moneyIn(told, 'GBP')).toBe(
    'Order 52, £168,469.60, was cancelled 12 days later: it nets to £0.00.',
  );
  expect(f.moneyIn('49 returns (-987.71 in all)', 'GBP')).toBe('49 returns (−£987.71 in all)');
  expect(f.moneyIn('version 1.2.3 of 1,500 lines', 'GBP')).toBe('version 1.2.3 of 1,500 lines');
});

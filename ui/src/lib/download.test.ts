import { expect, test } from 'vitest';
import { cell, toCsv } from './download';

test('no cell of a file is a formula to a spreadsheet', () => {
  expect(cell('=1+1')).toBe("'=1+1");
  expect(cell('-12 points')).toBe("'-12 points");
  expect(cell(-12)).toBe('-12');
});

test('quotes, breaks and separators are quoted', () => {
  expect(toCsv(['a', 'b'], [['x,"y"', null]])).toBe('a,b\r\n"x,""y""",');
});

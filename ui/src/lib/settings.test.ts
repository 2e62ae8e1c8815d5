import { expect, test } from 'vitest';
import { activate, inlineTable, set, setOfSource, slug, text, withChoice } from './settings';

const TOML = [
  '# What coterie init made.',
  '',
  '[project]',
  'name = "shop"',
  '# PLEASE SAY: the data do not tell it',
  '# currency = "EUR"',
  '',
  '[sources.orders]',
  'file = "uploads/u1/a.csv"',
  'columns = { customer_id = "Who" }',
  'returns = "net"',
  '',
  '[segmentation]',
  'k = "auto"',
  '',
].join('\n');

test('a line is replaced, a marked-off one is used, a new one is added', () => {
  expect(set(TOML, '[segmentation]', 'k', '[4, 9]')).toContain('\nk = [4, 9]\n');
  const priced = set(TOML, '[project]', 'currency', text('GBP'));
  expect(priced).toContain('\ncurrency = "GBP"\n');
  expect(priced).not.toContain('# currency');
  expect(set(TOML, '[project]', 'title', text('x'))).toContain('# currency = "EUR"\ntitle = "x"');
  expect(set(TOML, '[nowhere]', 'k', '1')).toBe(TOML);
});

test('a source is found by its file', () => {
  const wanted = inlineTable({ customer_id: 'Customer "no"', amount: 'Net' });
  const found = setOfSource(TOML, 'uploads/u1/a.csv', 'columns', wanted);
  expect(found).toContain('columns = { customer_id = "Customer \\"no\\"", amount = "Net" }');
  expect(setOfSource(TOML, 'uploads/u2/b.csv', 'columns', wanted)).toBe(TOML);
});

test('a source that was marked off is used with its lines, its words stay words', () => {
  const off =
    '# NOT USABLE YET: no time.\n# [sources.orders]\n# sure: rows of orders; three = 3\n# file = "u.csv"\n# columns = { timestamp = "?" }\n# timestamp_format = "%d"';
  expect(activate(off, 'u.csv').split('\n')).toEqual([
    '# NOT USABLE YET: no time.',
    '[sources.orders]',
    '# sure: rows of orders; three = 3',
    'file = "u.csv"',
    'columns = { timestamp = "?" }',
    '# timestamp_format = "%d"',
  ]);
  expect(activate(TOML, 'uploads/u1/a.csv')).toBe(TOML);
});

test('a project is named after its file', () => {
  expect(slug('Online Retail (2).csv.gz')).toBe('online-retail-2');
  expect(slug('Umsätze_2024.xlsx')).toBe('umsatze-2024');
  expect(slug('???.csv')).toBe('project');
});

test('settings name the candidate that was published, and say nothing else anew', () => {
  const named = withChoice(TOML, { algorithm: 'kmeans', k: 5, basis: 'log RFM' });
  expect(named).toContain('\nk = 5\n');
  expect(named).toContain('\nalgorithm = "kmeans"\n');
  expect(named).toContain('basis = "log RFM"');
  expect(withChoice('[project]\nname = "a"\n', { algorithm: 'ward', k: 3 })).toBe(
    '[project]\nname = "a"\n\n[segmentation]\nalgorithm = "ward"\nk = 3\n',
  );
  expect(withChoice(TOML, { algorithm: 'auto', k: 'auto' })).toBe(TOML);
});

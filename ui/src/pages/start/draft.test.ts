import { expect, test } from 'vitest';
import type { Proposal } from '@/api/mapping';
import { chosen, type Draft, free, lacking, rolesOf } from './draft';

const PROPOSAL = {
  upload: 'u1',
  table: 'customers',
  columns: [{ user_column: 'id', column: 'customer_id' }],
} as Proposal;
const EMPTY: Draft = { columns: {}, time: {}, k: 'auto' };

const choose = (draft: Draft, column: string, role: string): Draft => ({
  ...draft,
  columns: chosen(draft, 'u1', column, role),
});

test('a role that is passed through by arrows goes back to whose it was', () => {
  const passing = choose(EMPTY, 'spend', 'customer_id');
  expect(rolesOf(PROPOSAL, passing)).toEqual({ id: '', spend: 'customer_id' });
  const back = choose(passing, 'spend', '');
  expect(rolesOf(PROPOSAL, back)).toEqual({ id: 'customer_id', spend: '' });
  expect(lacking(PROPOSAL, back)).toEqual([]);
});

test('of two columns the one chosen last has the role, whatever columns are called', () => {
  const twice = choose(choose(EMPTY, '2', 'customer_id'), '1', 'customer_id');
  expect(rolesOf(PROPOSAL, twice)).toEqual({ id: '', '2': '', '1': 'customer_id' });
});

test('a column without a role is lacking where the table needs it', () => {
  expect(lacking(PROPOSAL, choose(EMPTY, 'id', ''))).toEqual(['customer_id']);
});

test('a second sample shop has a name of its own', () => {
  expect(free('sample-shop', new Set())).toBe('sample-shop');
  expect(free('sample-shop', new Set(['sample-shop', 'sample-shop-2']))).toBe('sample-shop-3');
});

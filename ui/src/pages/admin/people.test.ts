import { expect, test } from 'vitest';
import type { UserInfo } from '@/api/admin';
import { isLastAdmin, rolesOf } from './people';

const user = (id: string, more: Partial<UserInfo> = {}): UserInfo => ({
  id,
  email: `${id}@shop.example`,
  name: id,
  admin: false,
  disabled: false,
  must_change: false,
  roles: {},
  created: '2026-01-01T00:00:00Z',
  ...more,
});

test('roles are told by project, and an admin has them all', () => {
  expect(rolesOf(user('ana', { admin: true, roles: { shop: 'viewer' } }))).toBe('Admin');
  expect(rolesOf(user('tom', { roles: { shop: 'analyst', cards: 'viewer' } }))).toBe(
    'Analyst in shop, Viewer in cards',
  );
  expect(rolesOf(user('eve'))).toBe('No project yet');
});

test('the last admin is the one whom no other enabled admin can replace', () => {
  const [ana, tom] = [user('ana', { admin: true }), user('tom', { admin: true })];
  expect(isLastAdmin(ana, [ana, user('eve')])).toBe(true);
  expect(isLastAdmin(ana, [ana, tom])).toBe(false);
  expect(isLastAdmin(ana, [ana, { ...tom, disabled: true }])).toBe(true);
  expect(isLastAdmin(user('eve'), [ana])).toBe(false);
});

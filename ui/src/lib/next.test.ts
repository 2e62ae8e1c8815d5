import { expect, test } from 'vitest';
import { innerPath } from './next';

test('one goes on to the page that was wanted', () => {
  expect(innerPath('/p/shop/segments?asof=2011-12-10')).toBe('/p/shop/segments?asof=2011-12-10');
});

test.each([
  undefined,
  '',
  'https://evil.example',
  '//evil.example/x',
  '/\\evil.example',
  'javascript:alert(1)',
  '/sign-in?next=/',
])('never to another host, and never back to the door: %s', (next) => {
  expect(innerPath(next)).toBe('/');
});

import { expect, test } from 'vitest';
import { kept, pageHref, parseSearch, writeSearch } from './urls';

test('ids keep to their place in the path, whatever they hold', () => {
  expect(pageHref('shop', ['customers', 'a/b?c'])).toBe('/p/shop/customers/a%2Fb%3Fc');
});

test('defaults are left out of the search', () => {
  expect(writeSearch({ q: '', sort: '-value', after: undefined })).toBe('?sort=-value');
  expect(parseSearch('?asof=2011-12-10&q=1')).toEqual({ asof: '2011-12-10', q: '1' });
});

test('from page to page the day stays, the search does not', () => {
  expect(kept({ asof: '2011-12-10', q: 'x' })).toEqual({ asof: '2011-12-10' });
});

import { beforeEach, expect, test } from 'vitest';
import { isSame, keepViews, partsOf, viewsOf, withView } from './views';

beforeEach(() => localStorage.clear());

test('a view is the filters and the order, not the page one is on', () => {
  expect(partsOf({ q: '1', sort: '-monetary', after: 'x', page: '2', asof: 'd' })).toEqual({
    q: '1',
    sort: '-monetary',
  });
  expect(isSame({ f: 'a', page: '2' }, { f: 'a' })).toBe(true);
  expect(isSame({ f: 'a' }, {})).toBe(false);
});

test('views are kept by project, and one of the same name takes the place of the former', () => {
  const first = withView([], 'Quiet', { cause: 'aged' });
  keepViews('shop', withView(first, 'Quiet', { cause: 'new', page: '3' }));
  expect(viewsOf('shop')).toEqual([{ name: 'Quiet', search: { cause: 'new' } }]);
  expect(viewsOf('other')).toEqual([]);
});

test('what something else wrote there is no view', () => {
  for (const told of ['{', '{}', '[1, null, {"name": 1}, {"name": "a", "search": {"q": 1}}]']) {
    localStorage.setItem('coterie.views.shop', told);
    expect(viewsOf('shop')).toEqual([]);
  }
});

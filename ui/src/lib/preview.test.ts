import { expect, test } from 'vitest';
import { cellsOf, previewOf } from './preview';

test('quotes hold separators, breaks and quotes', () => {
  expect(cellsOf('a,b\r\n"x,1","say ""hi""\nthere"\n', ',', 9)).toEqual([
    ['a', 'b'],
    ['x,1', 'say "hi"\nthere'],
  ]);
});

test('the first rows are read with the separator that the header has most', async () => {
  const file = new File(['id;name\n1;A,B\n2;C'], 'x.csv');
  expect(await previewOf(file)).toEqual({
    columns: ['id', 'name'],
    rows: [
      ['1', 'A,B'],
      ['2', 'C'],
    ],
  });
  expect(await previewOf(new File(['x'], 'x.parquet'))).toBeNull();
});

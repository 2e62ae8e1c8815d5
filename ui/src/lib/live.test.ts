import { describe, expect, it } from 'vitest';
import type { StreamMove, StreamStatus } from '@/api/stream';
import { changed, rowsOf, silence } from './live';

function move(seq: number, more: Partial<StreamMove> = {}): StreamMove {
  return {
    seq,
    id: `m${seq}`,
    type: 'segment.entered',
    cause: 'event',
    customer_id: `c${seq}`,
    from_id: 'seg-001',
    to_id: 'seg-002',
    model_id: 'm',
    as_of: '2026-01-03',
    at: '2026-01-02T10:00:00Z',
    ...more,
  };
}

describe('rowsOf', () => {
  it('puts the newest first and tells who entered once', () => {
    const rows = rowsOf([move(1), move(2, { type: 'segment.left', customer_id: 'c3' }), move(3)]);
    expect(rows.map((row) => row.customers)).toEqual([['c3'], ['c1']]);
  });

  it('makes one row of all who aged alike in one stroke', () => {
    const aged = { cause: 'time' } as const;
    const rows = rowsOf([
      move(1, aged),
      move(2, { ...aged, to_id: 'seg-003' }),
      move(3, aged),
      move(4),
    ]);
    expect(rows.map((row) => row.customers.length)).toEqual([1, 2, 1]);
  });

  it('keeps who left everything, and values that changed', () => {
    const left = move(1, { type: 'segment.left', to_id: null });
    const value = move(2, {
      type: 'value.changed',
      from_id: null,
      to_id: null,
      before: 5,
      after: 9,
    });
    expect(rowsOf([left, value]).map((row) => [row.from, row.value])).toEqual([
      [null, { before: 5, after: 9 }],
      ['seg-001', undefined],
    ]);
  });
});

describe('silence', () => {
  const at = '2026-01-02T10:00:00Z';
  const told = (now: string, gap: number | null) =>
    silence({ open: true, at, now, usual_gap_seconds: gap } as StreamStatus);
  it('is what is longer than usual', () => {
    expect(told('2026-01-02T10:04:00Z', 2)).toBe(240);
    expect(told('2026-01-02T10:00:20Z', 2)).toBeNull();
    expect(told('2026-01-02T10:04:00Z', 60)).toBeNull();
  });
});

it('knows which features changed', () => {
  expect(changed({ orders: 7, lines: 3 }, { orders: 8, lines: 3 })).toEqual([
    { name: 'orders', before: 7, now: 8 },
  ]);
});

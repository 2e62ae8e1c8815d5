import { describe, expect, it } from 'vitest';
import { ApiError } from './client';
import { isComing, makeClient } from './query';

const retry = makeClient().getDefaultOptions().queries?.retry as (n: number, e: unknown) => boolean;

describe('what is asked for again', () => {
  it('is what the server is loading, until it is there', () => {
    const loading = new ApiError(409, { code: 'loading' });
    expect([isComing(loading), retry(0, loading), retry(500, loading)]).toEqual([true, true, true]);
  });

  it('is a fault of the server three times, and a conflict never', () => {
    const fault = new ApiError(503, { code: 'busy' });
    expect([retry(2, fault), retry(3, fault)]).toEqual([true, false]);
    expect(retry(0, new ApiError(409, { code: 'not_ready' }))).toBe(false);
  });
});

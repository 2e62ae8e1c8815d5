/** How answers are kept and asked for again. */
import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

const WAITS = [1000, 2000, 4000];

/** What may succeed when asked again: no answer, or a fault on the server's side. */
export function mayPass(error: unknown): boolean {
  return (
    error instanceof ApiError && (error.status === 0 || error.status >= 500) && error.status !== 501
  );
}

/** Whether the server is about to have it: it is asked until then, and the page shows that it waits. */
export function isComing(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'loading';
}

export const makeClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        networkMode: 'always',
        refetchOnWindowFocus: false,
        retry: (failed, error) => isComing(error) || (failed < WAITS.length && mayPass(error)),
        retryDelay: (failed, error) => (isComing(error) ? 1000 : (WAITS[failed] ?? 4000)),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });

/** Events as they happen: where the stream stands, who moved, and one customer now. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, at, type Schemas, told } from './client';

export type StreamStatus = Schemas['StreamStatus'];
export type StreamMove = Schemas['StreamMove'];
export type LiveCustomer = Schemas['LiveCustomer'];

const OFTEN = 2000;
/** Moves that are kept; more are not looked at. */
const KEPT = 500;
/** What comes within this time is shown together. */
const TOGETHER = 250;
const AGAIN = 5000;
export const NEWEST = 50;

export function useStream(project: string) {
  return useQuery({
    queryKey: ['project', project, 'stream'],
    queryFn: ({ signal }) =>
      told(api.GET('/api/v1/projects/{project}/stream', { params: { path: { project } }, signal })),
    refetchInterval: OFTEN,
  });
}

export function useLiveCustomer(project: string, customer: string, often = true) {
  return useQuery({
    queryKey: ['project', project, 'stream', 'customer', customer],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/stream/customers/{customer_id}', {
          params: { path: { project, customer_id: customer } },
          signal,
        }),
      ),
    enabled: customer !== '',
    refetchInterval: often ? OFTEN : false,
  });
}

export function useDead(project: string, refused: number) {
  return useQuery({
    queryKey: ['project', project, 'stream', 'dead', refused],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/stream/dead', {
          params: { path: { project }, query: { limit: 5 } },
          signal,
        }),
      ),
    enabled: refused > 0,
  });
}

/** The newest moves, the newest last, as they are told; a line that is cut is taken up again. */
export function useMoves(project: string, enabled: boolean): { moves: StreamMove[]; cut: boolean } {
  const [moves, setMoves] = useState<StreamMove[]>([]);
  const [cut, setCut] = useState(false);
  useEffect(() => {
    if (!enabled || typeof EventSource === 'undefined') return undefined;
    let source: EventSource | null = null;
    let came: StreamMove[] = [];
    let timer = 0;
    const flush = () => {
      timer = 0;
      const more = came;
      came = [];
      setMoves((known) => {
        const last = known.at(-1)?.seq ?? 0;
        return [...known, ...more.filter((one) => one.seq > last)].slice(-KEPT);
      });
    };
    const open = () => {
      source = new EventSource(`${at(project, 'stream', 'moves', 'live')}?newest=${NEWEST}`);
      source.addEventListener('open', () => setCut(false));
      source.addEventListener('move', (event) => {
        came.push(JSON.parse(event.data) as StreamMove);
        timer ||= window.setTimeout(flush, TOGETHER);
      });
      source.addEventListener('error', () => {
        setCut(true);
        // It is taken up by itself unless the server refused.
        if (source?.readyState === EventSource.CLOSED) again = window.setTimeout(open, AGAIN);
      });
    };
    let again = 0;
    open();
    return () => {
      source?.close();
      window.clearTimeout(timer);
      window.clearTimeout(again);
    };
  }, [project, enabled]);
  return { moves, cut };
}

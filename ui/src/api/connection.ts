/** Whether the server can be reached, and since when not. */
import { useSyncExternalStore } from 'react';

export interface Connection {
  /** When the server last answered, in milliseconds; null while it can be reached. */
  lost: number | null;
}

let state: Connection = { lost: null };
let last = Date.now();
const listeners = new Set<() => void>();

function set(lost: number | null): void {
  if (state.lost === lost) return;
  state = { lost };
  for (const listener of listeners) listener();
}

export function noteAnswer(): void {
  last = Date.now();
  set(null);
}

export function noteSilence(): void {
  if (state.lost === null) set(last);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useConnection = (): Connection => useSyncExternalStore(subscribe, () => state);

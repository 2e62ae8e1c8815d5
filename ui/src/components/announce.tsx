import { useSyncExternalStore } from 'react';

let said = '';
const listeners = new Set<() => void>();

/** Say once, politely, what an act has brought about. */
export function announce(text: string): void {
  // The same words again are news to a reader only if they differ.
  said = said === text ? `${text}\u00a0` : text;
  for (const listener of listeners) listener();
}

/** The one live region of the application. */
export function LiveRegion() {
  const text = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => said,
  );
  return (
    <div className="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}

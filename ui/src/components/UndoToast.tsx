import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { announce } from './announce';
import classes from './UndoToast.module.css';

interface Toast {
  id: number;
  text: string;
  undo?: () => void;
  ms: number;
}

const MS = 10_000;
let toasts: Toast[] = [];
let made = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Say what was done, with a way back for a while. */
export function showToast(text: string, undo?: () => void, ms = MS): void {
  made += 1;
  change([...toasts.slice(-2), { id: made, text, undo, ms }]);
  announce(undo ? `${text} Undo with Control Z.` : text);
}

const close = (id: number) => change(toasts.filter((toast) => toast.id !== id));

/** Where toasts appear: one place at the foot of the window. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea')) return;
      const last = toasts.findLast((toast) => toast.undo);
      if (!last) return;
      event.preventDefault();
      last.undo?.();
      close(last.id);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  if (shown.length === 0) return null;
  return (
    <aside className={classes.place} aria-label="What was done">
      {shown.map((toast) => (
        <UndoToast key={toast.id} {...toast} onClose={() => close(toast.id)} />
      ))}
    </aside>
  );
}

interface Props {
  text: string;
  undo?: () => void;
  ms: number;
  onClose: () => void;
}

export function UndoToast({ text, undo, ms, onClose }: Props) {
  const [held, setHeld] = useState(false);
  const left = useRef(ms);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new way of closing starts no new time
  useEffect(() => {
    if (held) return undefined;
    const began = Date.now();
    const timer = setTimeout(onClose, left.current);
    return () => {
      clearTimeout(timer);
      left.current -= Date.now() - began;
    };
  }, [held]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hover and focus only keep it open longer
    <div
      className={classes.toast}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{text}</span>
      {undo && (
        <button
          type="button"
          onClick={() => {
            undo();
            onClose();
          }}
        >
          Undo
        </button>
      )}
    </div>
  );
}

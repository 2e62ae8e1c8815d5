import { useEffect, useRef } from 'react';
import { Icon } from '@/components/Icon';
import classes from './start.module.css';

export type Step = 'files' | 'columns' | 'check' | 'options' | 'run';

export const STEPS: { id: Step; label: string }[] = [
  { id: 'files', label: 'Files' },
  { id: 'columns', label: 'Columns' },
  { id: 'check', label: 'Check' },
  { id: 'options', label: 'Options' },
  { id: 'run', label: 'Run' },
];

/** Where one is on the way to a run; a step that is gone to has the focus, so that Tab goes on. */
export function Steps({ now }: { now: Step }) {
  const at = STEPS.findIndex((one) => one.id === now);
  const list = useRef<HTMLOListElement>(null);
  const former = useRef(now);
  useEffect(() => {
    if (former.current === now) return;
    former.current = now;
    list.current?.querySelector<HTMLElement>('[aria-current]')?.focus();
  }, [now]);
  return (
    <ol ref={list} className={classes.steps} aria-label="Steps">
      {STEPS.map((one, n) => (
        <li key={one.id} tabIndex={-1} aria-current={n === at ? 'step' : undefined}>
          <span className={classes.number}>{n < at ? <Icon name="check" size={14} /> : n + 1}</span>
          {one.label}
          {n < at && <span className="unseen">done</span>}
        </li>
      ))}
    </ol>
  );
}

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

/** Where one is on the way to a run. */
export function Steps({ now }: { now: Step }) {
  const at = STEPS.findIndex((one) => one.id === now);
  return (
    <ol className={classes.steps} aria-label="Steps">
      {STEPS.map((one, n) => (
        <li key={one.id} aria-current={n === at ? 'step' : undefined}>
          <span className={classes.number}>{n < at ? <Icon name="check" size={14} /> : n + 1}</span>
          {one.label}
          {n < at && <span className="unseen">done</span>}
        </li>
      ))}
    </ol>
  );
}

import { Button, Progress } from '@mantine/core';
import { Icon } from './Icon';
import classes from './JobProgress.module.css';

export interface Stage {
  id: string;
  label: string;
}

interface Props {
  stages: Stage[];
  /** The stage at work; all before it are done. */
  stage: string;
  /** How much of that stage is done, 0 to 1. */
  done: number;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  onCancel?: () => void;
}

const WORDS = { past: 'done', now: 'at work', next: 'to come' } as const;

/** Long work, a line a stage. */
export function JobProgress({ stages, stage, done, state, onCancel }: Props) {
  const found = stages.findIndex((one) => one.id === stage);
  const at = state === 'done' ? stages.length : state === 'queued' ? -1 : Math.max(0, found);
  return (
    <div role="status" className={classes.job}>
      {state === 'queued' && <p className="secondary">Waiting for its turn.</p>}
      <ol className={classes.stages}>
        {stages.map((one, n) => {
          const when = n < at ? 'past' : n === at ? 'now' : 'next';
          return (
            <li key={one.id} data-when={when}>
              {when === 'past' ? (
                <Icon name="check" />
              ) : (
                <span className={classes.ring} aria-hidden="true" />
              )}
              <span>{one.label}</span>
              <span className="unseen">{WORDS[when]}</span>
              {when === 'now' && state === 'running' && (
                <Progress
                  className={classes.bar}
                  value={done * 100}
                  size="sm"
                  color="ink"
                  aria-label={one.label}
                />
              )}
            </li>
          );
        })}
      </ol>
      {onCancel && (state === 'queued' || state === 'running') && (
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      )}
    </div>
  );
}

import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import classes from './Notice.module.css';

export type Tone = 'plain' | 'good' | 'warn' | 'danger' | 'ink';

const ICONS: Record<Tone, IconName> = {
  plain: 'info',
  good: 'check',
  warn: 'warn',
  danger: 'danger',
  ink: 'clock',
};

/** Words that stand in place of something, or above it: icon and word, never colour alone. */
export function Notice({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={classes.notice} data-tone={tone}>
      <Icon name={ICONS[tone]} size={18} />
      <div className={classes.words}>{children}</div>
    </div>
  );
}

import type { ReactNode } from 'react';
import type { Verdict } from '@/lib/verdict';
import { Icon } from './Icon';
import classes from './VerdictBand.module.css';

interface Props {
  verdict: Verdict;
  /** The one that is read first. */
  lead: ReactNode;
  sentences?: string[];
}

const ICONS = { natural: 'check', reproducible: 'info', constructed: 'warn' } as const;

/** Whether these are groups that are there, or a way to cut. */
export function VerdictBand({ verdict, lead, sentences = [] }: Props) {
  return (
    <div className={classes.band} data-verdict={verdict}>
      <Icon name={ICONS[verdict]} size={20} />
      <div>
        <p className={classes.lead}>{lead}</p>
        {sentences.map((one) => (
          <p key={one} className={classes.more}>
            {one}
          </p>
        ))}
      </div>
    </div>
  );
}

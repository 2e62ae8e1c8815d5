import type { ReactNode } from 'react';
import type { ProofSet } from '@/api/overview';
import { count, counted, ofHundred, range } from '@/lib/format';
import { measureOf } from '@/lib/verdict';
import { AppLink } from './AppLink';
import classes from './Proofs.module.css';
import { Term } from './Term';

interface Props {
  proofs: ProofSet;
  /** Where it is told how they were found. */
  href?: string;
}

/** The four proofs, by the names they have everywhere. */
export function Proofs({ proofs, href }: Props) {
  const measure = measureOf(proofs.method);
  const { holds_later: later, comes_back: back, told_by_rules: rules, smallest } = proofs;
  return (
    <div className={classes.proofs}>
      <dl className={classes.list}>
        <One name={<Term id={measure.term}>{measure.name}</Term>} value={later.value}>
          {later.low != null &&
            later.high != null &&
            `of 100, range ${range(later.low, later.high, ofHundred)}`}
        </One>
        <One name={<Term id="comes-back" />} value={back.value}>
          of 100
        </One>
        <One name={<Term id="told-by-rules" />} value={rules.value}>
          of 100
        </One>
        <One
          name={<Term id="big-enough" />}
          value={smallest.value}
          unknown={smallest.reason}
          write={(n) => counted(n, 'customer')}
        >
          in the smallest segment
          {smallest.needed !== undefined &&
            `; ${count(smallest.needed)} are needed, and 2% of customers or 5% of spend`}
        </One>
      </dl>
      {href && (
        <AppLink className="link" href={href}>
          Why these segments?
        </AppLink>
      )}
    </div>
  );
}

interface OneProps {
  name: ReactNode;
  value: number | null | undefined;
  write?: (value: number) => string;
  /** What stands in the place of a value that is not known. */
  unknown?: string;
  children: ReactNode;
}

function One({ name, value, write = ofHundred, unknown = 'not run', children }: OneProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={classes.value}>
        {value == null ? <span className={classes.unknown}>{unknown}</span> : write(value)}
      </dd>
      <dd className="note">{value != null && children}</dd>
    </div>
  );
}

import type { ReactNode } from 'react';
import { count, endOf } from '@/lib/format';
import classes from './Figure.module.css';

interface Props {
  label: ReactNode;
  /** As it is to be written; null where it is not known. */
  value: ReactNode | null;
  unit?: string;
  /** An estimate whose range is wide. */
  about?: boolean;
  asOf?: string | null;
  n?: number;
  range?: string;
  change?: ReactNode;
  /** Why it is not known, or what else to say below. */
  help?: ReactNode;
}

/** One number with its name, its date, and n or range where it needs them. */
export function Figure({ label, value, unit, about, asOf, n, range, change, help }: Props) {
  return (
    <div className={classes.figure}>
      <div className={classes.label}>{label}</div>
      <div className={value === null ? classes.unknown : classes.value}>
        {about && value !== null && <span className={classes.unit}>about </span>}
        {value === null ? 'Not known' : value}
        {unit && value !== null && <span className={classes.unit}> {unit}</span>}
      </div>
      {range && <div className="secondary">range {range}</div>}
      {change && <div>{change}</div>}
      {help && <div className="secondary">{help}</div>}
      {(asOf || n !== undefined) && (
        <div className="note">
          {asOf && endOf(asOf)}
          {asOf && n !== undefined && ' · '}
          {n !== undefined && `of ${count(n)}`}
        </div>
      )}
    </div>
  );
}

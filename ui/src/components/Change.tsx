import { change, date, points } from '@/lib/format';

interface Props {
  value: number;
  unit?: 'count' | 'share';
  /** The day it is compared with, as people read it. */
  since?: string;
  meaning?: string;
}

/** A change: sign and words in ink, because more is not always good. */
export function Change({ value, unit = 'count', since, meaning }: Props) {
  return (
    <span className="secondary">
      {unit === 'share' ? points(value) : change(value)}
      {meaning && ` ${meaning}`}
      {since && ` since ${date(since)}`}
    </span>
  );
}

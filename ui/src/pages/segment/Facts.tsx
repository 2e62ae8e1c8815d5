import type { SegmentDetail } from '@/api/segments';
import { Figure } from '@/components/Figure';
import { Term } from '@/components/Term';
import { count, ofHundred, range, share, shareInWords } from '@/lib/format';
import type { Place } from '@/place';
import classes from './segment.module.css';

interface Stability {
  mean: number;
  low: number;
  high: number;
}

/** The few numbers that size a segment, with ranges where they are meant to hold beyond the data. */
export function Facts({ segment, place }: { segment: SegmentDetail; place: Place }) {
  const told = segment as SegmentDetail & { value_share_reason?: string; next_reason?: string };
  const [low, high] = segment.value_share_ci ?? [];
  const back = segment.stability as Stability | null | undefined;
  return (
    <div className={`card ${classes.facts}`}>
      <Figure
        label="Customers"
        value={count(segment.n)}
        help={`${share(segment.share)} of all`}
        asOf={place.asOf}
      />
      <Figure
        label="Share of spend"
        value={segment.value_share == null ? null : shareInWords(segment.value_share)}
        range={low !== undefined && high !== undefined ? range(low, high, shareInWords) : undefined}
        help={segment.value_share == null ? told.value_share_reason : undefined}
        asOf={segment.value_share == null ? null : place.asOf}
      />
      <Figure
        label={<Term id="comes-back" />}
        value={back?.mean == null ? null : `${ofHundred(back.mean)}`}
        unit="of 100"
        range={back?.low == null ? undefined : range(back.low, back.high, ofHundred)}
      />
      {place.asOf && (
        <Figure
          label="Did it hold?"
          value={null}
          help={told.next_reason ?? 'What they did next is told once later orders are there.'}
        />
      )}
    </div>
  );
}

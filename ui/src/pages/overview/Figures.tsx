import type { Causes, Overview } from '@/api/overview';
import { Figure } from '@/components/Figure';
import { change, count, eve, largeMoney, points, shareInWords, span } from '@/lib/format';
import classes from './overview.module.css';

type One = Overview['figures'][number] & { causes?: Causes };

/** The four figures: value, what it was, date. */
export function Figures({ overview }: { overview: Overview }) {
  return (
    <div className={classes.figures}>
      {(overview.figures as One[]).map((one) => (
        <Figure
          key={one.name}
          label={one.name === 'moved' ? `${one.label}${between(overview)}` : one.label}
          value={one.value === null ? null : written(one, one.value, overview.currency ?? '')}
          change={<span className="secondary">{changeOf(one, overview.currency ?? '')}</span>}
          help={one.value === null ? one.reason : undefined}
        />
      ))}
    </div>
  );
}

/** ", 31 Oct – 31 Dec 2025": the two days that are compared. */
function between({ before, as_of: now }: Overview): string {
  return before && now ? `, ${span(eve(before), eve(now))}` : '';
}

function written(one: One, value: number, currency: string): string {
  if (one.unit === 'money') return largeMoney(value, currency);
  if (one.unit === 'share') return shareInWords(value);
  return count(value);
}

function changeOf(one: One, currency: string): string | undefined {
  if (one.value === null) return undefined;
  if (one.name === 'moved') return movedOf(one, one.value);
  if (one.before == null) return one.name === 'active' && one.n ? `of ${count(one.n)}` : undefined;
  const more = one.value - one.before;
  if (one.unit === 'share') return `was ${shareInWords(one.before)} (${points(more)})`;
  if (one.unit === 'money') return `was ${largeMoney(one.before, currency)}`;
  const by = one.before > 0 ? ` (${more > 0 ? '+' : ''}${shareInWords(more / one.before)})` : '';
  return `${change(more)}${by}`;
}

function movedOf(one: One, moved: number): string {
  const of = one.n ? `${shareInWords(moved / one.n)} of ${count(one.n)}` : '';
  const aged = one.causes?.aged;
  return aged ? `${of}; ${count(aged)} by time alone` : of;
}

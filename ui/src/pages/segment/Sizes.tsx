import { useSizes } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { SmallLines } from '@/components/SmallLines';
import { change, count, date, eve, share } from '@/lib/format';
import type { Place } from '@/place';

type Props = { segment: { id: string; slot?: number | null }; place: Place };

/** How large the segment was in the last runs. */
export function Sizes({ segment, place }: Props) {
  const items = (useSizes(place.project, segment.id).data?.items ?? []).filter((one) => one.as_of);
  const [first, last] = [items[0], items.at(-1)];
  if (!first?.as_of || !last?.as_of || items.length < 2) return null;
  const more = first.n == null || last.n == null ? null : last.n - first.n;
  const day = (asOf: string | null | undefined) => (asOf ? eve(asOf) : '');
  return (
    <div className="card">
      <ChartFrame
        title={
          more === null
            ? 'How large it was in the last runs.'
            : `${count(last.n)} customers, ${change(more)} since ${date(day(first.as_of))}.`
        }
        note="Customers in it, by run; the line begins at 0."
        file={`${place.project}-${segment.id}-size`}
        table={{
          columns: ['End of', 'Customers', 'Share of all'],
          rows: items.map((one) => [
            date(day(one.as_of)),
            one.n === null ? '<25' : one.n,
            one.share === null ? 'hidden: few' : share(one.share),
          ]),
        }}
        chart={
          <SmallLines
            write={count}
            series={[
              {
                label: 'Customers',
                slot: segment.slot ?? null,
                points: items.map((one) => ({ day: day(one.as_of), value: one.n })),
              },
            ]}
          />
        }
      />
    </div>
  );
}

import { type SegmentDetail, useSpread } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { LoadState } from '@/components/LoadState';
import { Strip } from '@/components/Strip';
import { asOfThe, count, counted, money } from '@/lib/format';
import type { Place } from '@/place';

const MOST = 500;

/** What members spent beside all others: where they lie, how far apart, and who stands out. */
export function Spend({
  segment,
  place,
  currency,
}: {
  segment: SegmentDetail;
  place: Place;
  currency: string;
}) {
  const query = useSpread(place.project, segment.id, place.runId);
  const write = (value: number) => money(value, currency);
  if (query.data && query.data.here?.median == null) return null;
  return (
    <div className="card">
      <LoadState query={query} what="Spend of members" skeleton={<div style={{ height: 280 }} />}>
        {({ here, rest }) => {
          if (!here || here.median == null || rest?.median == null) return null;
          const rows = [
            { label: segment.name, slot: segment.slot, ...here },
            { label: 'All others', ...rest },
          ];
          const few = rows.some((one) => one.n - one.below > MOST);
          const below = here.below + rest.below;
          const note = [
            'A dot is a customer; each step of the axis is ×10. How far dots lie apart is how people differ, no range of an estimate.',
            few ? `Of more than ${MOST}, ${MOST} are drawn that lie as all do.` : '',
            below > 0 ? `${counted(below, 'customer')} who spent nothing in all have no dot.` : '',
            asOfThe(place.asOf),
          ];
          return (
            <ChartFrame
              title={`Half of them spent more than ${write(here.median)} so far; of all others half more than ${write(rest.median)}.`}
              note={note.filter(Boolean).join(' ')}
              file={`${place.project}-${segment.id}-spend`}
              table={{
                columns: ['Who', 'Customers', 'Least drawn', 'Median', 'Most drawn'],
                rows: rows.map((one) => [
                  one.label,
                  one.n,
                  one.values[0] ?? null,
                  one.median,
                  one.values.at(-1) ?? null,
                ]),
                read: rows.map((one) => [
                  one.label,
                  count(one.n),
                  ...[one.values[0], one.median, one.values.at(-1)].map((value) =>
                    value == null ? 'none' : write(value),
                  ),
                ]),
              }}
              chart={<Strip groups={rows} write={write} axis="spend to date, each step ×10" />}
            />
          );
        }}
      </LoadState>
    </div>
  );
}

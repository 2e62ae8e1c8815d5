import type { Segment } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { Dumbbell } from '@/components/Dumbbell';
import { Lollipop } from '@/components/Lollipop';
import { asOfThe, axisShare, counted, range, share, shareInWords, totalOf } from '@/lib/format';
import type { Place } from '@/place';

/** Share of customers against share of spend: the gap is the message. */
export function Shares({ segments, place }: { segments: Segment[]; place: Place }) {
  const first = segments[0];
  if (!first) return null;
  const total = totalOf(segments.map((one) => one.n));
  if (segments.some((one) => one.value_share == null))
    return <Sizes segments={segments} total={total} place={place} />;
  return (
    <ChartFrame
      title={`${first.name}: ${shareInWords(first.share)} of customers, about ${shareInWords(first.value_share ?? 0)} of spend.`}
      note={`The line is the range of the share of spend. ${asOfThe(place.asOf)} ${counted(total, 'customer')}.`}
      file={`${place.project}-shares`}
      table={{
        columns: ['Segment', 'Customers', 'Share of customers', 'Share of spend', 'Range'],
        rows: segments.map((one) => [
          one.name,
          one.n,
          one.share,
          one.value_share ?? null,
          rangeOf(one),
        ]),
        read: segments.map((one) => [
          one.name,
          one.n,
          share(one.share),
          share(one.value_share ?? 0),
          rangeOf(one),
        ]),
      }}
      chart={
        <Dumbbell
          aName="customers"
          bName="spend, with its range"
          rows={segments.map((one) => ({
            label: one.name,
            slot: one.slot ?? null,
            a: one.share,
            b: one.value_share ?? null,
            low: one.value_share_ci?.[0],
            high: one.value_share_ci?.[1],
            text: `${share(one.share)} · ${share(one.value_share ?? 0)}`,
          }))}
          axis={{ low: 0, write: axisShare }}
        />
      }
    />
  );
}

function rangeOf(one: Segment): string | null {
  const [low, high] = one.value_share_ci ?? [];
  return low === undefined || high === undefined ? null : range(low, high, shareInWords);
}

/** Without orders there is no spend: sizes alone. */
function Sizes({
  segments,
  total,
  place,
}: {
  segments: Segment[];
  total: number | null;
  place: Place;
}) {
  const sorted = [...segments].sort((a, b) => (b.n ?? 0) - (a.n ?? 0));
  const [most] = sorted;
  return (
    <ChartFrame
      title={most ? `${most.name} is the largest: ${shareInWords(most.share)} of customers.` : ''}
      note={`Share of customers. ${asOfThe(place.asOf)} ${counted(total, 'customer')}.`}
      file={`${place.project}-sizes`}
      table={{
        columns: ['Segment', 'Customers', 'Share of customers'],
        rows: sorted.map((one) => [one.name, one.n, one.share]),
        read: sorted.map((one) => [one.name, one.n, share(one.share)]),
      }}
      chart={
        <Lollipop
          rows={sorted.flatMap(({ name, slot, share: of }) =>
            of === null ? [] : [{ label: name, slot: slot ?? null, value: of, text: share(of) }],
          )}
          write={axisShare}
        />
      }
    />
  );
}

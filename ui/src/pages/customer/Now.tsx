import { useSegments } from '@/api/segments';
import { useLiveCustomer } from '@/api/stream';
import { SegmentChip } from '@/components/SegmentChip';
import { date } from '@/lib/format';
import type { Place } from '@/place';

/** Where she is now by the events since the run; nothing if the stream does not know her. */
export function Now({ customer, place }: { customer: string; place: Place }) {
  const now = useLiveCustomer(place.project, customer).data;
  const segments = useSegments(place.project).data?.items ?? [];
  if (!now) return null;
  const segment = segments.find((one) => one.id === now.label_id);
  return (
    <p className="lead" data-live>
      Now:{' '}
      {segment ? (
        <SegmentChip segment={segment} href={place.href(['segments', segment.id])} />
      ) : (
        'in no segment'
      )}{' '}
      since {date(now.since)} (live)
    </p>
  );
}

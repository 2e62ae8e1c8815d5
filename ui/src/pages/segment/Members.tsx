import { useCustomers } from '@/api/customers';
import type { SegmentDetail } from '@/api/segments';
import { AppLink } from '@/components/AppLink';
import { DataTable } from '@/components/DataTable';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { counted } from '@/lib/format';
import { customerColumns } from '@/pages/customers/columns';
import type { Place } from '@/place';
import classes from './segment.module.css';

const FIRST = 10;

/** The first members by spend, and the way to all of them. */
export function Members({
  segment,
  place,
  currency,
}: {
  segment: SegmentDetail;
  place: Place;
  currency: string;
}) {
  const sort = segment.as_of ? '-monetary' : '-margin';
  const query = useCustomers(
    place.project,
    { segment: segment.id, sort, limit: FIRST },
    !place.runId,
  );
  return (
    <section id="members" className={`card ${classes.part}`} aria-labelledby="members-head">
      <h2 id="members-head" className="section">
        Members
      </h2>
      {place.runId ? (
        <Notice>
          Lists of customers are kept for the published run alone. Its files have them all.
        </Notice>
      ) : (
        <LoadState query={query} what="Members">
          {(data) => (
            <DataTable
              caption={`Members of ${segment.name}`}
              columns={customerColumns(place, currency, { segment: false })}
              page={{ rows: data.items, total: data.total, from: 1 }}
              rowKey={(one) => one.customer_id}
              href={(one) => place.href(['customers', one.customer_id])}
              exports={
                <AppLink className="link" href={place.href(['customers'], { f: segment.id, sort })}>
                  See all {counted(data.total, 'customer')}
                </AppLink>
              }
            />
          )}
        </LoadState>
      )}
    </section>
  );
}

import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { type CustomerDetail, type Gap, type Reason, useWhy } from '@/api/customers';
import { useSegments } from '@/api/segments';
import { LoadState } from '@/components/LoadState';
import type { Place } from '@/place';
import classes from './customer.module.css';

const MOST = 5;

/** Why a customer is where they are, and what keeps them out of another segment. */
export function Why({ customer, place }: { customer: CustomerDetail; place: Place }) {
  const query = useWhy(place.project, customer.customer_id);
  const segments = useSegments(place.project).data?.items ?? [];
  const others = segments.filter((one) => one.id !== customer.segment_id);
  const [other, setOther] = useState('');
  return (
    <section className="card" aria-labelledby="why">
      <h2 id="why" className="section">
        Why {customer.segment_name}
      </h2>
      <LoadState query={query} what="The reasons">
        {(data) => (
          <ul className={classes.reasons}>
            {((data.reasons ?? []) as unknown as Reason[]).slice(0, MOST).map((one) => (
              <li key={one.feature}>{one.text}</li>
            ))}
          </ul>
        )}
      </LoadState>
      <NativeSelect
        className={classes.gap}
        label="Why not another?"
        value={other}
        data={[
          { value: '', label: 'Choose a segment' },
          ...others.map((one) => ({ value: one.id, label: one.name })),
        ]}
        onChange={(event) => setOther(event.currentTarget.value)}
      />
      {other && <WhyNot customer={customer} place={place} other={other} />}
    </section>
  );
}

function WhyNot({
  customer,
  place,
  other,
}: {
  customer: CustomerDetail;
  place: Place;
  other: string;
}) {
  const query = useWhy(place.project, customer.customer_id, other);
  return (
    <div className={classes.gap} role="status">
      <LoadState query={query} what="What keeps them out">
        {(data) => (
          <ul className={classes.reasons}>
            {((data.gaps ?? []) as unknown as Gap[]).slice(0, MOST).map((one) => (
              <li key={one.feature}>{one.text}</li>
            ))}
          </ul>
        )}
      </LoadState>
    </div>
  );
}

import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import {
  type CustomerDetail,
  type Lever,
  useCheapest,
  useSupposed,
  type Value,
} from '@/api/customers';
import { useSegments } from '@/api/segments';
import { LoadState } from '@/components/LoadState';
import { SegmentChip } from '@/components/SegmentChip';
import { type LeverOf, WhatIf } from '@/components/WhatIf';
import { estimate, quantity } from '@/lib/format';
import type { Place } from '@/place';
import classes from './customer.module.css';

const WAIT = 150;
const FIRST = 6;

interface Props {
  customer: CustomerDetail;
  place: Place;
  currency: string;
}

/** What would change where a customer is: each change is scored again by the server. */
export function Supposing({ customer, place, currency }: Props) {
  const cheapest = useCheapest(place.project, customer.customer_id);
  const [changes, setChanges] = useState<Record<string, Value>>({});
  const [asked] = useDebouncedValue(changes, WAIT);
  const levers = useSupposed(place.project, customer.customer_id, {});
  const [all, setAll] = useState(false);
  return (
    <section className="card" aria-labelledby="what-if">
      <h2 id="what-if" className="section">
        What would change it
      </h2>
      <LoadState query={cheapest} what="The smallest change">
        {(data) => <p style={{ margin: '0 0 16px' }}>{data.text}</p>}
      </LoadState>
      <LoadState query={levers} what="What can change">
        {(data) => (
          <>
            <WhatIf
              levers={(all ? data.levers : data.levers.slice(0, FIRST)).map(leverOf)}
              changes={changes}
              onChange={(next) => setChanges(complete(next, data.levers))}
              write={(value, unit) => quantity(value, unit, currency)}
            />
            {data.levers.length > FIRST && (
              <Button variant="default" mt={16} onClick={() => setAll(!all)} aria-expanded={all}>
                {all ? `Show the first ${FIRST}` : `Show all ${data.levers.length}`}
              </Button>
            )}
          </>
        )}
      </LoadState>
      <Result customer={customer} place={place} currency={currency} changes={asked} />
    </section>
  );
}

const leverOf = (lever: Lever): LeverOf => ({
  ...lever,
  values: lever.values as Value[],
  value: lever.value as Value | null,
});

/** Orders are asked for together: how many, of what size, within how many days. */
function complete(changes: Record<string, Value>, levers: Lever[]): Record<string, Value> {
  const names = ['orders', 'amount', 'days'];
  if (!names.every((name) => levers.some((one) => one.name === name))) return changes;
  const whole = { ...changes };
  for (const lever of levers)
    if (names.includes(lever.name) && whole[lever.name] === undefined)
      whole[lever.name] = lever.value as Value;
  return whole;
}

function Result({
  customer,
  place,
  currency,
  changes,
}: Props & { changes: Record<string, Value> }) {
  const query = useSupposed(place.project, customer.customer_id, changes);
  const segments = useSegments(place.project).data?.items ?? [];
  const touched = Object.keys(changes).length > 0;
  if (!touched)
    return <p className={`note ${classes.outcome}`}>Move a slider to score this customer again.</p>;
  return (
    <div className={classes.outcome} role="status" aria-busy={query.isPlaceholderData}>
      <LoadState query={query} what="The new score">
        {(data) => {
          const then = data.then?.segment as { id: string; name: string } | null | undefined;
          if (!then) return <span className="secondary">…</span>;
          const slot = segments.find((one) => one.id === then.id)?.slot ?? null;
          return (
            <>
              <span style={query.isPlaceholderData ? { opacity: 0.5 } : undefined}>
                <SegmentChip segment={{ ...then, slot }} />
                {data.then?.value != null && `, about ${estimate(data.then.value, currency)}`}
                {data.now?.value != null && ` (now about ${estimate(data.now.value, currency)})`}
              </span>
              <span className="secondary">{data.text}</span>
            </>
          );
        }}
      </LoadState>
    </div>
  );
}

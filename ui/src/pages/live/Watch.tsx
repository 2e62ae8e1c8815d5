import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useRef, useState } from 'react';
import { useCurrency } from '@/api/projects';
import { useFeatures, useSegments } from '@/api/segments';
import { type LiveCustomer, useLiveCustomer } from '@/api/stream';
import { AppLink } from '@/components/AppLink';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { SegmentChip } from '@/components/SegmentChip';
import { Lines } from '@/components/Waiting';
import { ago, date, estimate, quantity } from '@/lib/format';
import { changed } from '@/lib/live';
import { type Place, useSetSearch } from '@/place';
import classes from './live.module.css';
import { chipOf } from './Moves';

/** One customer: what she is now, and what of it changed since one began to watch. */
export function Watch({ place }: { place: Place }) {
  const watched = place.search.customer ?? '';
  const [text, setText] = useState(watched);
  const setSearch = useSetSearch();
  const watch = (customer: string) => {
    setText(customer);
    setSearch({ customer: customer || undefined });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    watch(text.trim());
  };
  return (
    <section className="card" aria-labelledby="watch">
      <h2 id="watch" className="section">
        Watch one customer
      </h2>
      <form className={classes.watch} onSubmit={submit}>
        <TextInput
          label="Customer id"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={!text.trim()}>
          Watch
        </Button>
        {watched && (
          <Button variant="subtle" color="ink" onClick={() => watch('')}>
            Show everybody
          </Button>
        )}
      </form>
      {watched && <Watched key={watched} customer={watched} place={place} />}
    </section>
  );
}

function Watched({ customer, place }: { customer: string; place: Place }) {
  const query = useLiveCustomer(place.project, customer);
  return (
    <LoadState
      query={query}
      what="The customer"
      skeleton={<Lines n={2} height={28} />}
      gone={() => <Notice>The stream knows nobody with the id {customer.slice(0, 80)}.</Notice>}
    >
      {(now) => <State now={now} place={place} />}
    </LoadState>
  );
}

function State({ now, place }: { now: LiveCustomer; place: Place }) {
  const first = useRef(now.features);
  const known = new Map(
    (useSegments(place.project).data?.items ?? []).map((one) => [one.id, one] as const),
  );
  const currency = useCurrency(place.project, place.runs.find((run) => run.published)?.run_id);
  const features = useFeatures(place.project).data;
  const write = (name: string, value: unknown): string =>
    typeof value === 'number'
      ? quantity(value, features?.get(name)?.unit ?? '', currency)
      : String(value ?? 'none');
  const moved = changed(first.current, now.features);
  return (
    <div className={classes.now}>
      <p>
        <SegmentChip
          segment={chipOf(now.label_id, known)}
          href={known.has(now.label_id) ? place.href(['segments', now.label_id]) : undefined}
        />{' '}
        since {date(now.since)}
        {now.value != null && <>; expected about {estimate(now.value, currency)}</>}
        {now.last_event && <>; last event {ago(now.last_event, Date.now())}</>}.{' '}
        <AppLink className="link" href={place.href(['customers', now.customer_id])}>
          Open the customer
        </AppLink>
      </p>
      {moved.length === 0 ? (
        <p className="secondary">Nothing of hers has changed since you began to watch.</p>
      ) : (
        <ul className={classes.measures}>
          {moved.map((one) => (
            <li key={one.name}>
              {features?.get(one.name)?.label ?? one.name}: {write(one.name, one.before)} →{' '}
              {write(one.name, one.now)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

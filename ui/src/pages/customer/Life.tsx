import { Button } from '@mantine/core';
import { useState } from 'react';
import { type CustomerDetail, type Entry, useTimeline } from '@/api/customers';
import { useSegments } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { LoadState } from '@/components/LoadState';
import { SafeText } from '@/components/SafeText';
import { Timeline } from '@/components/Timeline';
import { asOfThe, counted, date, eve, money, plain, span } from '@/lib/format';
import type { Place } from '@/place';
import classes from './customer.module.css';

interface Item {
  product_name: string | null;
  product_id: string | null;
  quantity: number;
}

interface Happened {
  kind: Entry['kind'];
  id: string;
  day: string;
}

interface Order extends Happened {
  amount: number;
  items: Item[];
}

interface Move extends Happened {
  segment_id: string;
  segment_name: string | null;
}

interface Props {
  customer: CustomerDetail;
  place: Place;
  currency: string;
}

const FIRST = 5;
const isOrder = (one: Happened): one is Order => one.kind === 'order' || one.kind === 'return';
const isMove = (one: Happened): one is Move => one.kind === 'segment';

/** What happened, as a line of time and as a list. */
export function Life({ customer, place, currency }: Props) {
  const query = useTimeline(place.project, customer.customer_id);
  return (
    <section className="card" aria-label="What happened">
      <LoadState query={query} what="What happened">
        {(data) => (
          <Shown
            entries={data.items}
            total={data.total}
            customer={customer}
            place={place}
            currency={currency}
          />
        )}
      </LoadState>
    </section>
  );
}

function Shown({
  entries,
  total,
  customer,
  place,
  currency,
}: Props & { entries: Entry[]; total: number }) {
  const segments = useSegments(place.project).data?.items ?? [];
  const dated = (entries as unknown as Happened[]).filter((one) => one.day != null);
  const orders = dated.filter(isOrder);
  const bought = orders.filter((one) => one.amount >= 0);
  const first = dated.at(-1)?.day;
  const last = customer.as_of ? eve(customer.as_of) : dated[0]?.day;
  if (!first || !last)
    return <p className="secondary">Nothing with a date is known of this customer.</p>;
  const slotOf = (id: string) => segments.find((one) => one.id === id)?.slot ?? null;
  const bands = dated
    .filter(isMove)
    .reverse()
    .map((one) => ({
      from: one.day,
      name: one.segment_name ?? 'In no segment',
      slot: slotOf(one.segment_id),
    }));
  const moments = (some: Order[]) =>
    some.map((one) => ({ id: `${one.kind} ${one.id}`, day: one.day, amount: one.amount }));
  return (
    <>
      <ChartFrame
        title={`${counted(bought.length, 'order')} in ${span(first, last)}.`}
        note={`${currency || 'Money'} of each order, returns below the line. ${asOfThe(customer.as_of)}`}
        file={`${place.project}-${customer.customer_id}`}
        table={{
          columns: ['Day', 'What', 'Money'],
          rows: orders.map((one) => [one.day, one.kind, one.amount]),
          read: orders.map((one) => [date(one.day), one.kind, money(one.amount, currency, true)]),
        }}
        chart={
          <Timeline
            orders={moments(bought)}
            returns={moments(orders.filter((one) => one.amount < 0))}
            events={dated.filter((one) => !isOrder(one) && !isMove(one)).map((one) => one.day)}
            bands={bands}
            range={[first, last]}
            currency={currency}
          />
        }
      />
      <List entries={dated} currency={currency} />
      {total > entries.length && (
        <p className="note">
          The {counted(entries.length, 'newest entry', 'newest entries')} of {total} are shown.
        </p>
      )}
    </>
  );
}

const WORDS: Record<string, string> = {
  order: 'Order',
  return: 'Return',
  event: 'Event',
  text: 'Text',
  touch: 'Contact',
  segment: 'Segment',
};

function List({ entries, currency }: { entries: Happened[]; currency: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? entries : entries.slice(0, FIRST);
  return (
    <>
      <ul className={classes.entries} aria-label="The same as a list">
        {shown.map((one) => (
          <li key={`${one.kind} ${one.id}`}>
            <span className="secondary">{date(one.day)}</span>
            <span>
              {WORDS[one.kind]} <SafeText text={whatOf(one)} max={90} />
            </span>
            <span className="figures">{isOrder(one) && money(one.amount, currency, true)}</span>
          </li>
        ))}
      </ul>
      {entries.length > FIRST && (
        <Button variant="default" mt={16} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? `Show the newest ${FIRST}` : `Show all ${entries.length}`}
        </Button>
      )}
    </>
  );
}

function whatOf(entry: Happened): string {
  if (isMove(entry)) return entry.segment_name ?? 'none';
  if (!isOrder(entry)) {
    const told = entry as Happened & { type?: string; text?: string; offer_id?: string };
    return told.type ?? told.text ?? told.offer_id ?? entry.id;
  }
  const [first] = entry.items;
  if (!first) return entry.id;
  const name = `${plain(first.quantity)} × ${first.product_name ?? first.product_id ?? 'something'}`;
  return entry.items.length > 1
    ? `${entry.id}: ${name} and ${counted(entry.items.length - 1, 'other line')}`
    : `${entry.id}: ${name}`;
}

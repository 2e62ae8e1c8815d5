import { Button } from '@mantine/core';
import { ApiError } from '@/api/client';
import { type CustomerDetail, useFeedback, useOffers } from '@/api/customers';
import { announce } from '@/components/announce';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { NotMade } from '@/components/NotMade';
import { date } from '@/lib/format';
import type { Place } from '@/place';
import classes from './customer.module.css';

interface Planned {
  offer_id: string;
  name?: string;
  channel?: string | null;
  arm?: string;
  reason?: string;
}

interface Eligible {
  offer_id: string;
  name: string;
  now: 'may' | 'waits' | 'guarded';
}

const NOW: Record<Eligible['now'], string> = {
  may: 'may be offered now',
  waits: 'was contacted lately: later',
  guarded: 'not offered: a guard forbids it',
};

/** The next offer of the plan, and the answer that is fed back. */
export function Offers({ customer, place }: { customer: CustomerDetail; place: Place }) {
  const query = useOffers(place.project, customer.customer_id);
  return (
    <section className="card" aria-labelledby="offers">
      <h2 id="offers" className="section">
        Offer
      </h2>
      <LoadState
        query={query}
        what="Offers"
        notReady={(error) => (
          <NotMade error={error} project={place.project} kind="offers" verb="Plan offers" />
        )}
      >
        {(data) => {
          const next = data.next as Planned | null | undefined;
          const suits = (data.eligible ?? []) as unknown as Eligible[];
          return (
            <>
              {next ? (
                <Next offer={next} customer={customer} place={place} />
              ) : (
                <p className="secondary" style={{ margin: 0 }}>
                  This plan{data.day ? ` of ${date(data.day)}` : ''} does not contact this customer.
                </p>
              )}
              {suits.length > 0 && (
                <div className={classes.gap}>
                  <ul className={classes.products} aria-label="Offers that suit">
                    {suits.map((one) => (
                      <li key={one.offer_id}>
                        {one.name}
                        <span className="note">{NOW[one.now]}</span>
                      </li>
                    ))}
                  </ul>
                </div>
              )}
            </>
          );
        }}
      </LoadState>
    </section>
  );
}

function Next({
  offer,
  customer,
  place,
}: {
  offer: Planned;
  customer: CustomerDetail;
  place: Place;
}) {
  const feedback = useFeedback(place.project);
  const answer = (responded: boolean) =>
    feedback.mutate(
      {
        customer_id: customer.customer_id,
        offer_id: offer.offer_id,
        channel: offer.channel ?? null,
        timestamp: new Date().toISOString(),
        treated: true,
        responded,
      },
      { onSuccess: () => announce('Fed back.') },
    );
  const failed = feedback.error instanceof ApiError ? feedback.error : null;
  return (
    <>
      <strong>{offer.name ?? offer.offer_id}</strong>
      {offer.reason && <div className="secondary">{offer.reason}</div>}
      {feedback.isSuccess ? (
        <Notice tone="good">Fed back: it counts in the next report on offers.</Notice>
      ) : (
        <div className={classes.acts}>
          <Button variant="default" loading={feedback.isPending} onClick={() => answer(true)}>
            Accepted
          </Button>
          <Button variant="default" disabled={feedback.isPending} onClick={() => answer(false)}>
            Not now
          </Button>
        </div>
      )}
      {failed && (
        <Notice tone="danger">
          {failed.message} {failed.hint}
        </Notice>
      )}
    </>
  );
}

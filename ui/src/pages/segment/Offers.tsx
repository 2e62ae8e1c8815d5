import { type PlannedOffers, type SegmentDetail, usePlan } from '@/api/segments';
import { Hidden } from '@/components/Hidden';
import { LoadState } from '@/components/LoadState';
import { NotMade } from '@/components/NotMade';
import { SafeText } from '@/components/SafeText';
import { count, date } from '@/lib/format';
import type { Place } from '@/place';
import classes from './segment.module.css';

/** What the current plan has for the segment. */
export function Offers({ segment, place }: { segment: SegmentDetail; place: Place }) {
  const query = usePlan(place.project, place.runId);
  return (
    <section id="offers" className={`card ${classes.part}`} aria-labelledby="planned">
      <h2 id="planned" className="section">
        Offers
      </h2>
      <LoadState
        query={query}
        what="The plan"
        notReady={(error) => (
          <NotMade error={error} project={place.project} kind="offers" verb="Plan offers" />
        )}
      >
        {(plan) => {
          const all = (plan as unknown as { segments?: PlannedOffers[] }).segments ?? [];
          const mine = all.find((one) => one.id === segment.id);
          const day = plan.day ? ` of ${date(plan.day)}` : '';
          if (!mine?.offers.length)
            return <p className="secondary">The plan{day} has no offer for this segment.</p>;
          return (
            <>
              <p className="secondary">
                Plan{day}, for {told(mine.planned)} of these customers.
              </p>
              <ul className={classes.offers}>
                {mine.offers.map((one) => (
                  <li key={one.offer_id}>
                    <strong>
                      <SafeText text={one.name || one.offer_id} max={80} />
                    </strong>
                    : {told(one.planned)} planned, {told(one.contacts)} contacted, the rest compared
                    with.
                    <div className="secondary">{one.reason}</div>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </LoadState>
    </section>
  );
}

const told = (n: number | null) => (n === null ? <Hidden reason="few" /> : count(n));

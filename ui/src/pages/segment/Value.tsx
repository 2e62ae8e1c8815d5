import { type SegmentDetail, useAheadOfSegment } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { Figure } from '@/components/Figure';
import { LineBand } from '@/components/LineBand';
import { LoadState } from '@/components/LoadState';
import { NotMade } from '@/components/NotMade';
import { asOfThe, chance, counted, estimate, plain, range } from '@/lib/format';
import type { Place } from '@/place';
import { ReachSlider } from './Reach';
import classes from './segment.module.css';

/** What the segment is expected to spend, and how soon its members order again. */
export function Value({ segment, place }: { segment: SegmentDetail; place: Place }) {
  const query = useAheadOfSegment(place.project, segment.id, place.runId);
  return (
    <section id="value" className={`card ${classes.part}`} aria-labelledby="ahead">
      <h2 id="ahead" className="section">
        What comes next
      </h2>
      <LoadState
        query={query}
        what="What comes next"
        notReady={(error) => (
          <NotMade error={error} project={place.project} kind="value" verb="Work it out" />
        )}
      >
        {(data) => {
          const within = counted(data.horizon_days, 'day');
          const each = data.spend == null || data.n === 0 ? null : data.spend / data.n;
          return (
            <>
              <div className={classes.facts}>
                <Figure
                  label={`Expected spend within ${within}`}
                  about
                  value={data.spend == null ? null : estimate(data.spend, data.currency)}
                  help={
                    each === null
                      ? 'No order counts for these customers.'
                      : `about ${estimate(each, data.currency)} each; a sum has no range of its own, each customer has one`
                  }
                  asOf={place.asOf}
                />
                <Figure
                  label={`Orders within ${within}`}
                  about
                  value={data.orders == null ? null : plain(Number(data.orders.toPrecision(2)))}
                />
                <Figure
                  label="Leave, on average"
                  value={data.churn == null ? null : chance(data.churn)}
                />
              </div>
              {data.reach && <ReachSlider reach={data.reach} days={data.horizon_days} />}
              {data.returns && <Returns curve={data.returns} segment={segment} place={place} />}
            </>
          );
        }}
      </LoadState>
    </section>
  );
}

interface Curve {
  days: number[];
  away: number[];
  low: number[];
  high: number[];
  customers: number;
  median_days?: number | null;
}

type ReturnsProps = { curve: Curve; segment: SegmentDetail; place: Place };

function Returns({ curve, segment, place }: ReturnsProps) {
  const points = curve.days.map((x, n) => ({
    x,
    value: curve.away[n] ?? 0,
    low: curve.low[n],
    high: curve.high[n],
  }));
  if (points.length < 2) return null;
  const half =
    curve.median_days == null
      ? 'Less than half order again in the time that was watched.'
      : `Half order again within ${counted(Math.round(curve.median_days), 'day')}.`;
  return (
    <div className={classes.curve}>
      <ChartFrame
        title={half}
        note={`Share that has not ordered again, of ${counted(curve.customers, 'customer')} with an order; the band is the range. ${asOfThe(place.asOf)}`}
        file={`${place.project}-${segment.id}-returns`}
        table={{
          columns: ['Days', 'Not yet', 'Range'],
          rows: points.map((one) => [
            one.x,
            chance(one.value),
            range(one.low ?? 0, one.high ?? 1, (x) => `${Math.round(x * 100)}`),
          ]),
        }}
        chart={
          <LineBand
            points={points}
            write={(x) => `${Math.round(x * 100)}`}
            xLabel="days since the last order"
            low={0}
            high={1}
          />
        }
      />
    </div>
  );
}

/** Who buys, who leaves, and whether to believe it: figures, sentences, shares, proofs. */
import { useMemo } from 'react';
import { insightsOf, type Overview, proofsOf, useOverview } from '@/api/overview';
import { type Segment, useSegments } from '@/api/segments';
import { Insight } from '@/components/Insight';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { Proofs } from '@/components/Proofs';
import { VerdictBand } from '@/components/VerdictBand';
import { Lines } from '@/components/Waiting';
import { date, endOf, eve } from '@/lib/format';
import { measureOf, shortVerdict, verdictOf } from '@/lib/verdict';
import { type Place, usePlace } from '@/place';
import { Figures } from './Figures';
import { openOf } from './links';
import classes from './overview.module.css';
import { Shares } from './Shares';

export default function OverviewPage() {
  const place = usePlace();
  const query = useOverview(place.project, place.runId);
  return (
    <>
      <PageHeader title="Overview" place={place.name} sentence={sentenceOf(query.data)} />
      <LoadState query={query} what="The overview" skeleton={<Lines n={10} height={32} />}>
        {(data) => <Shown overview={data} place={place} />}
      </LoadState>
    </>
  );
}

function sentenceOf(data: Overview | undefined): string {
  if (!data) return '';
  if (!data.as_of) return 'These data have no dates, so nothing can be compared over time.';
  const day = `As of the ${endOf(data.as_of)}`;
  if (data.before) return `${day}, compared with ${date(eve(data.before))}.`;
  return `${day}. First run. Changes appear after the next one.`;
}

function Shown({ overview, place }: { overview: Overview; place: Place }) {
  const segments = useSegments(place.project, place.runId);
  return (
    <>
      <section className="card" aria-label="Figures">
        <Figures overview={overview} />
      </section>
      <div className={classes.pair}>
        <Insights overview={overview} place={place} segments={segments.data?.items ?? []} />
        <div className="card">
          <LoadState query={segments} what="Segments" skeleton={<Lines n={8} height={28} />}>
            {(data) => <Shares segments={data.items} place={place} />}
          </LoadState>
        </div>
      </div>
      <Trust overview={overview} place={place} />
    </>
  );
}

interface InsightsProps {
  overview: Overview;
  place: Place;
  segments: Segment[];
}

function Insights({ overview, place, segments }: InsightsProps) {
  const known = useMemo(() => new Map(segments.map((one) => [one.id, one])), [segments]);
  const told = insightsOf(overview);
  const days = overview.as_of
    ? endOf(overview.as_of).replace('end', 'End')
    : 'No dates in the data';
  return (
    <section className="card" aria-labelledby="stands-out">
      <h2 id="stands-out" className="section">
        What stands out
      </h2>
      {told.length === 0 ? (
        <p className="secondary">
          No sentence passed its test. Sentences need 25 customers, and most of them dated orders.
        </p>
      ) : (
        <ul className={classes.insights}>
          {told.map((one) => (
            <li key={one.kind}>
              <Insight
                parts={one.parts}
                segments={known}
                currency={overview.currency ?? ''}
                open={openOf(one, place, known)}
                facts={[
                  ['What was tested before it was said', one.test],
                  [
                    'Date',
                    overview.before ? `${days}, compared with ${date(eve(overview.before))}` : days,
                  ],
                  ['Run', <code key="run">{overview.run_id}</code>],
                ]}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Trust({ overview, place }: { overview: Overview; place: Place }) {
  const verdict = verdictOf(overview.verdict);
  const proofs = proofsOf(overview);
  const instead = measureOf(proofs.method).instead;
  const found = proofs.holds_later.value;
  return (
    <section className="card" aria-labelledby="trust">
      <h2 id="trust" className="section">
        Can I trust this?
      </h2>
      <div className={classes.trust}>
        {verdict ? (
          <VerdictBand verdict={verdict} lead={shortVerdict(verdict)} />
        ) : (
          <Notice>No verdict was worked out for this run.</Notice>
        )}
        {instead && found !== null && (
          <p className="secondary">{instead(found, Boolean(overview.as_of))}</p>
        )}
        <Proofs proofs={proofs} href={place.href(['choice'])} />
      </div>
    </section>
  );
}

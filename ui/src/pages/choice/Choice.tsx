/** How the segmentation was chosen: the verdict, what beat what, and what else was measured. */
import type { Choice } from '@/api/overview';
import { useChoice } from '@/api/overview';
import { ChartFrame } from '@/components/ChartFrame';
import { Icon } from '@/components/Icon';
import { LineBand } from '@/components/LineBand';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { VerdictBand } from '@/components/VerdictBand';
import { Lines } from '@/components/Waiting';
import { asOfThe, ofHundred, range } from '@/lib/format';
import { measureOf, verdictOf, verdictSentence } from '@/lib/verdict';
import { type Place, usePlace } from '@/place';
import { Candidates } from './Candidates';
import classes from './choice.module.css';
import { UsualMeasures } from './UsualMeasures';

export default function ChoicePage() {
  const place = usePlace();
  const query = useChoice(place.project, place.runId);
  return (
    <>
      <PageHeader
        title="Why these segments"
        place={place.name}
        sentence={query.data?.sentences[0]}
      />
      <LoadState query={query} what="The choice" skeleton={<Lines n={10} height={32} />}>
        {(data) => <Shown choice={data} place={place} />}
      </LoadState>
    </>
  );
}

function Shown({ choice, place }: { choice: Choice; place: Place }) {
  const measure = measureOf(choice.method);
  const chosen = choice.candidates.find((one) => one.chosen);
  const verdict = verdictOf(choice.verdict);
  const rest = choice.sentences.slice(1);
  return (
    <>
      <section className="card" aria-label="Verdict">
        {verdict ? (
          <VerdictBand
            verdict={verdict}
            lead={verdictSentence(verdict, chosen?.S_w ?? null)}
            sentences={choice.judged.slice(1)}
          />
        ) : (
          <Notice>
            No verdict was worked out for this run: its segments were given or taken over.
          </Notice>
        )}
        {measure.instead && chosen?.P != null && (
          <p className={classes.instead}>{measure.instead(chosen.P, choice.as_of !== null)}</p>
        )}
        <div className={classes.checks}>
          <Checks title="Gates that every candidate must pass" checks={choice.gates} />
          <Checks title="Are the groups there without us drawing them?" checks={choice.natural} />
        </div>
      </section>
      {choice.candidates.length > 0 ? (
        <Candidates choice={choice} />
      ) : (
        <Notice>Nothing else was tried: the segments of this run were given.</Notice>
      )}
      {rest.length > 0 && (
        <div className={classes.words}>
          {rest.map((one) => (
            <p key={one}>{one}</p>
          ))}
        </div>
      )}
      <ByNumber choice={choice} place={place} />
      <UsualMeasures choice={choice} />
    </>
  );
}

function Checks({ title, checks }: { title: string; checks: Choice['gates'] }) {
  if (checks.length === 0) return null;
  return (
    <div>
      <h2 className={classes.head}>{title}</h2>
      <ul className={classes.list}>
        {checks.map((one) => (
          <li key={one.name}>
            <Icon name={one.passed ? 'check' : 'close'} />
            <span>
              {one.name}: <strong>{one.found}</strong>
              <span className="secondary">
                , needed {one.needed}, {one.passed ? 'reached' : 'not reached'}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The number of segments against what they hold later. */
function ByNumber({ choice, place }: { choice: Choice; place: Place }) {
  const measure = measureOf(choice.method);
  const points = choice.sweep.flatMap((one) =>
    one.p === null ? [] : [{ x: one.k, value: one.p, low: one.p_low, high: one.p_high }],
  );
  const chosen = points.find((one) => one.x === choice.chosen_k);
  const best = points.reduce<(typeof points)[number] | undefined>(
    (now, one) => (!now || one.value > now.value ? one : now),
    undefined,
  );
  if (!chosen || !best || points.length < 2) return null;
  const most =
    best.x === chosen.x
      ? 'no other number of the same kind reaches more'
      : `${best.x} would reach ${ofHundred(best.value)}, but did not win`;
  return (
    <div className="card">
      <ChartFrame
        title={`${chosen.x} segments reach ${ofHundred(chosen.value)} of 100; ${most}.`}
        note={`${measure.name} by number of segments, made as the chosen ones; the band is the range. ${measure.ceiling} ${asOfThe(place.asOf)}`}
        file={`${place.project}-number-of-segments`}
        table={{
          columns: ['Segments', measure.name, 'Range'],
          rows: points.map((one) => [
            String(one.x),
            Math.round(one.value * 100),
            one.low === null || one.high === null ? null : range(one.low, one.high, ofHundred),
          ]),
        }}
        chart={
          <LineBand
            points={points}
            write={ofHundred}
            xLabel="number of segments"
            low={0}
            high={1}
            mark={{ x: chosen.x, text: `chosen: ${ofHundred(chosen.value)}` }}
          />
        }
      />
    </div>
  );
}

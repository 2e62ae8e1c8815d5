import type { Answer, Form } from '@/api/predict';
import { useSegments } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { Lollipop } from '@/components/Lollipop';
import { Notice } from '@/components/Notice';
import { SegmentChip } from '@/components/SegmentChip';
import { Term } from '@/components/Term';
import { chance, count, ofHundred, range } from '@/lib/format';
import type { Place } from '@/place';
import { problemsOf } from './OnePerson';
import classes from './predict.module.css';

/** Two chances nearer than this are told as a tie. */
const NEAR = 0.15;

interface Props {
  answer: Answer;
  form: Form;
  place: Place;
}

/** What comes out: the class and its chance, all others on the same scale, and why. */
export function Result({ answer, form, place }: Props) {
  const segments = useSegments(place.project).data?.items ?? [];
  const found = segments.find((one) => one.id === answer.segment_id);
  const chances = (answer as Answer & { chances?: Record<string, number> }).chances;
  const label = (answer as Answer & { label?: string }).label;
  const remarks = problemsOf(answer).filter((one) => !one.fatal);
  return (
    <section className="card" aria-label="Result" role="status">
      <h2 className={classes.answer}>
        {answer.segment_id ? (
          <SegmentChip
            size="lg"
            segment={{
              id: answer.segment_id,
              name: answer.segment_name ?? answer.segment_id,
              slot: found?.slot ?? null,
            }}
            href={place.href(['segments', answer.segment_id])}
          />
        ) : (
          (label ?? 'No answer')
        )}
      </h2>
      <HowSure answer={answer} />
      {chances && <Chances chances={chances} segments={segments} />}
      {(answer.reasons ?? []).length > 0 && (
        <>
          <h3 className={classes.sub}>Why</h3>
          <ul className={classes.reasons}>
            {(answer.reasons ?? []).map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </>
      )}
      {remarks.map((one) => (
        <p key={one.message} className="note">
          {one.message}
        </p>
      ))}
      <Worth form={form} />
    </section>
  );
}

function HowSure({ answer }: { answer: Answer }) {
  const reason = (answer as Answer & { probability_reason?: string }).probability_reason;
  if (answer.probability != null) return <p className="lead">{chance(answer.probability)}</p>;
  if (answer.margin == null) return null;
  return (
    <p className="secondary" style={{ margin: 0 }}>
      <Term id="fit" />: {ofHundred(answer.margin)} of 100 clear of the next nearest. {reason}
    </p>
  );
}

function Chances({
  chances,
  segments,
}: {
  chances: Record<string, number>;
  segments: { id: string; name: string; slot?: number | null }[];
}) {
  const rows = Object.entries(chances)
    .sort((a, b) => b[1] - a[1])
    .map(([id, value]) => {
      const segment = segments.find((one) => one.id === id);
      return {
        label: segment?.name ?? id,
        value,
        text: chance(value),
        slot: segment ? (segment.slot ?? null) : undefined,
      };
    });
  const [first, second] = rows;
  const tie = first && second && first.value - second.value < NEAR;
  const title = tie
    ? `Could be either: ${first.label} and ${second.label} are only ${ofHundred(first.value - second.value)} points apart.`
    : `${first?.label ?? 'Nothing'}: ${first?.text ?? ''}.`;
  return (
    <div className={classes.chances}>
      <ChartFrame
        title={title}
        note="Chances of this one person; together they are 100."
        file="chances"
        table={{
          columns: ['Class', 'Chance, in 100'],
          rows: rows.map((one) => [one.label, ofHundred(one.value)]),
        }}
        chart={<Lollipop rows={rows} write={ofHundred} />}
      />
    </div>
  );
}

interface About {
  proof?: {
    test: { n: number; accuracy: number; accuracy_ci: [number, number] };
    majority: { accuracy: number };
  };
  leaks?: { level: string; why: string; advice: string }[];
  protected?: string[];
}

/** How far the answers of this form may be trusted: alarms first, then the proof. */
function Worth({ form }: { form: Form }) {
  const { proof, leaks = [], protected: used = [] } = form.about as About;
  const alarm = leaks.find((leak) => leak.level === 'alarm');
  return (
    <div className={classes.worth}>
      {alarm && (
        <Notice tone="danger">
          Do not trust these scores yet. {alarm.why} {alarm.advice}
        </Notice>
      )}
      {proof && (
        <p className="secondary">
          Right {ofHundred(proof.test.accuracy)} times in 100 (
          {range(...proof.test.accuracy_ci, ofHundred)}), of {count(proof.test.n)} customers kept
          apart; always naming the largest class: {ofHundred(proof.majority.accuracy)}.
        </p>
      )}
      {used.length > 0 && (
        <p className="note">
          Protected and used here, because the settings list them: {used.join(', ')}. Offers of
          credit never use them.
        </p>
      )}
      {form.by === 'model' && (
        <p className="note">
          By the published model itself: it places everybody as it places your customers.
        </p>
      )}
    </div>
  );
}

import { Button } from '@mantine/core';
import { useState } from 'react';
import { useStartJob } from '@/api/jobs';
import type { Candidate, Choice } from '@/api/overview';
import { ActButton } from '@/components/ActButton';
import { type Column, DataTable } from '@/components/DataTable';
import { GateCell } from '@/components/GateCell';
import { Icon } from '@/components/Icon';
import { Term } from '@/components/Term';
import { save, toCsv } from '@/lib/download';
import { count, ofHundred, range } from '@/lib/format';
import { jobHref } from '@/lib/urls';
import { algorithmWords, measureOf } from '@/lib/verdict';
import { useGo, usePlace } from '@/place';
import classes from './choice.module.css';

const FIRST = 10;

/** What was tried, the best first: ranges, gates as dotted lines, and why the rest lost. */
export function Candidates({ choice }: { choice: Choice }) {
  const [all, setAll] = useState(false);
  const measure = measureOf(choice.method);
  const sorted = [...choice.candidates].sort(
    (a, b) => Number(b.chosen) - Number(a.chosen) || (b.P ?? -1) - (a.P ?? -1),
  );
  const shown = all ? sorted : sorted.slice(0, FIRST);
  const gates = gatesOf(choice);
  return (
    <section className="card" aria-labelledby="candidates">
      <div className={classes.top}>
        <h2 id="candidates" className="section">
          {count(sorted.length)} candidates, by “{measure.name}”
        </h2>
        <Button
          variant="default"
          leftSection={<Icon name="download" />}
          onClick={() => asCsv(sorted)}
        >
          CSV
        </Button>
      </div>
      <p className={`note ${classes.note}`}>
        Of 100, the line is the range. {measure.ceiling} Dotted: the gate
        {gates.back !== undefined && `, ${ofHundred(gates.back)} for comes back`}
        {gates.rules !== undefined && `, ${ofHundred(gates.rules)} for told by rules`}. The chosen
        one comes first.
      </p>
      <DataTable
        caption={`Candidates, by ${measure.name}`}
        columns={columnsOf(choice, gates)}
        rowKey={(one) => `${one.algorithm} ${one.features} ${one.k}`}
        page={{ rows: shown, total: sorted.length, from: 1 }}
        exports={
          sorted.length > FIRST && (
            <Button variant="default" onClick={() => setAll(!all)} aria-expanded={all}>
              {all ? `Show the first ${FIRST}` : `Show all ${count(sorted.length)}`}
            </Button>
          )
        }
      />
    </section>
  );
}

interface Gates {
  back?: number;
  rules?: number;
}

/** Gates as the server writes them: the first is of segments that come back, the third of rules. */
function gatesOf(choice: Choice): Gates {
  const [back, , rules] = choice.gates.map((gate) => Number.parseFloat(gate.needed) / 100);
  return {
    back: Number.isFinite(back) ? back : undefined,
    rules: Number.isFinite(rules) ? rules : undefined,
  };
}

function columnsOf(choice: Choice, gates: Gates): Column<Candidate>[] {
  const measure = measureOf(choice.method);
  return [
    {
      id: 'name',
      header: 'Candidate',
      phone: true,
      cell: (one) => <Name one={one} choice={choice} />,
    },
    {
      id: 'P',
      header: <Term id={measure.term}>{measure.name}</Term>,
      figure: true,
      phone: true,
      cell: (one) => <Later one={one} />,
    },
    {
      id: 'S_w',
      header: <Term id="comes-back" />,
      figure: true,
      cell: (one) => <Gate value={one.S_w} gate={gates.back} chosen={one.chosen} />,
    },
    {
      id: 'D',
      header: <Term id="told-by-rules" />,
      figure: true,
      cell: (one) => <Gate value={one.D} gate={gates.rules} chosen={one.chosen} />,
    },
    {
      id: 'why',
      header: 'Why not',
      cell: (one) => (
        <>
          <span className={classes.why}>{one.chosen ? 'chosen' : one.reason_lost}</span>
          <TryIt one={one} choice={choice} />
        </>
      ),
    },
  ];
}

function Name({ one, choice }: { one: Candidate; choice: Choice }) {
  return (
    <span className={classes.name}>
      {one.chosen ? <Icon name="check" /> : <span className={classes.space} />}
      <span>
        <span className={one.chosen ? classes.chosen : undefined}>
          {algorithmWords(one.algorithm)}, {one.k}
        </span>
        <span className={`note ${classes.features}`}>{one.features}</span>
        <span className={classes.below}>
          {one.reason_lost}
          <TryIt one={one} choice={choice} />
        </span>
      </span>
    </span>
  );
}

function Later({ one }: { one: Candidate }) {
  if (one.P === null) return <span className="secondary">not run</span>;
  const [low, high] = one.ci ?? [];
  return (
    <span className={classes.cell}>
      <span className="wide-only">
        <GateCell value={one.P} low={low} high={high} chosen={one.chosen} width={120} />
      </span>
      <span className={classes.figure}>
        {ofHundred(one.P)}
        {low !== undefined && high !== undefined && (
          <span className="note"> ({range(low, high, ofHundred)})</span>
        )}
      </span>
    </span>
  );
}

function Gate({ value, gate, chosen }: { value: number | null; gate?: number; chosen: boolean }) {
  if (value === null) return <span className="secondary">not run</span>;
  return (
    <span className={classes.cell}>
      <GateCell value={value} gate={gate} chosen={chosen} width={80} />
      {ofHundred(value)}
    </span>
  );
}

/** Make the candidate whole, to be looked at everywhere; what is published stays. */
function TryIt({ one, choice }: { one: Candidate; choice: Choice }) {
  const { project } = usePlace();
  const start = useStartJob(project);
  const go = useGo();
  if (one.chosen || one.reason_lost === 'reference') return null;
  const { algorithm, k, features } = one;
  const params = { algorithm, k, features, as_of: choice.as_of };
  return (
    <ActButton
      needs="analyst"
      act="Trying a candidate"
      variant="subtle"
      color="ink"
      className={classes.try}
      loading={start.isPending}
      onClick={() =>
        start.mutate(
          { kind: 'candidate', params },
          { onSuccess: (job) => go(jobHref(project, job.id)) },
        )
      }
    >
      Run with this
      <span className="unseen">
        : {algorithmWords(algorithm)}, {k}, {features}
      </span>
    </ActButton>
  );
}

function asCsv(rows: Candidate[]): void {
  const columns = [
    'algorithm',
    'features',
    'k',
    'P',
    'low',
    'high',
    'S_w',
    'S_min',
    'D',
    'silhouette',
    'db',
    'ch',
    'inertia',
    'chosen',
    'reason_lost',
  ];
  const cells = rows.map((one) => [
    one.algorithm,
    one.features,
    one.k,
    one.P,
    one.ci?.[0] ?? null,
    one.ci?.[1] ?? null,
    one.S_w,
    one.S_min,
    one.D,
    one.silhouette,
    one.db,
    one.ch,
    one.inertia,
    String(one.chosen),
    one.reason_lost,
  ]);
  save(new Blob([`\ufeff${toCsv(columns, cells)}`], { type: 'text/csv' }), 'candidates.csv');
}

/** Who moved between two dates, and why: the sum first, then net changes, then all of it. */
import { SegmentedControl } from '@mantine/core';
import { type Flows, useFlows } from '@/api/flows';
import { ChartFrame } from '@/components/ChartFrame';
import { LoadState } from '@/components/LoadState';
import { Lollipop } from '@/components/Lollipop';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { Lines } from '@/components/Waiting';
import { type CauseView, matrixOf, NOBODY, netOf, sumOf } from '@/lib/flows';
import { change, count, counted, date, eve } from '@/lib/format';
import { type Place, usePlace, useSetSearch } from '@/place';
import { useChosenFlows } from './chosen';
import { Dates } from './Dates';
import { FlowChart } from './FlowChart';
import classes from './flows.module.css';
import { LargestMoves } from './LargestMoves';
import { Listed } from './Listed';

export default function FlowsPage() {
  const place = usePlace();
  const since = useFlows(place.project, place.runId);
  const chosen = useChosenFlows(place);
  const dated = place.runs.filter((run) => run.as_of);
  return (
    <>
      <PageHeader
        title="Flows"
        place={place.name}
        sentence="Who moved from one segment to another, and why: by time, by orders, or by us."
      />
      <LoadState query={since} what="Flows" skeleton={<Lines n={10} height={32} />}>
        {(data) => (
          <>
            {(dated.length > 1 || data.customers !== 0) && (
              <Dates place={place} shown={data} chosen={chosen} />
            )}
            <Body data={chosen.flows ?? data} waiting={chosen.waiting} place={place} />
          </>
        )}
      </LoadState>
    </>
  );
}

function Body({ data, waiting, place }: { data: Flows; waiting: boolean; place: Place }) {
  if (waiting) return null;
  if (data.customers === 0 && data.items.length === 0)
    return (
      <Notice>
        {place.asOf
          ? `Flows need two scored dates; there is one so far, the ${date(eve(place.asOf))}. Run again when newer orders have come.`
          : 'Flows need two runs; there is one so far. Run again when the file has changed.'}
      </Notice>
    );
  return <Shown flows={data} place={place} />;
}

function Shown({ flows, place }: { flows: Flows; place: Place }) {
  const view = viewOf(place.search.cause);
  return (
    <>
      <Sum flows={flows} place={place} />
      {flows.note && <Notice>{flows.note}</Notice>}
      <Causes flows={flows} view={view} place={place} />
      <div className={classes.pair}>
        {flows.suppressed ? (
          <Notice>Net changes would tell of a few customers: hidden to protect them.</Notice>
        ) : (
          <div className="card">
            <NetChart flows={flows} view={view} place={place} />
          </div>
        )}
        <LargestMoves flows={flows} view={view} place={place} />
      </div>
      <div className="card">
        <FlowChart flows={flows} view={view} place={place} />
      </div>
    </>
  );
}

const VIEWS: CauseView[] = ['all', 'aged', 'behaved', 'border', 'own'];

const viewOf = (told: string | undefined): CauseView => VIEWS.find((one) => one === told) ?? 'all';

/** From then to now; every part is a number, and they add up. */
function Sum({ flows, place }: { flows: Flows; place: Place }) {
  const sum = sumOf(flows.causes);
  const border = flows.causes.border ?? 0;
  const setSearch = useSetSearch();
  if (sum === null)
    return (
      <Notice>
        {flows.hidden_reason} Numbers that would tell of them are left out here; an analyst sees
        all.
      </Notice>
    );
  return (
    <section aria-label="The sum" className={classes.sum}>
      <p className={classes.adds}>
        <strong>{count(sum.before)}</strong> then:{' '}
        <Listed flows={flows} place={place} who={{ cause: 'stayed' }}>
          {count(sum.stayed)} stayed
        </Listed>{' '}
        +{' '}
        <Listed flows={flows} place={place} who={{ cause: 'moved' }}>
          {count(sum.moved)} moved
        </Listed>
        {sum.gone > 0 && ` + ${count(sum.gone)} gone`};{' '}
        {sum.gone > 0 && `− ${count(sum.gone)} gone `}+{' '}
        <Listed flows={flows} place={place} who={{ cause: 'new' }}>
          {count(sum.fresh)} new
        </Listed>{' '}
        = <strong>{count(sum.now)}</strong> now
      </p>
      <InNoSegment flows={flows} place={place} />
      {border > 0 && (
        <p className="secondary">
          A new model moved {count(border)} of these; they did nothing.{' '}
          <button type="button" className="plain" onClick={() => setSearch({ cause: 'own' })}>
            Show without them
          </button>
        </p>
      )}
    </section>
  );
}

/** Those who are counted here and stand in no segment, such as after all was sent back. */
function InNoSegment({ flows, place }: { flows: Flows; place: Place }) {
  const { columns, columnSums } = matrixOf(flows);
  const n = columnSums[columns.indexOf(NOBODY)];
  if (!n) return null;
  return (
    <p className="secondary">
      <Listed flows={flows} place={place} who={{ f: NOBODY }}>
        {count(n)} of them
      </Listed>{' '}
      are in no segment, such as who sent everything back.
    </p>
  );
}

const CHOICES: { value: CauseView; label: string; cause?: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'aged', label: 'Time', cause: 'aged' },
  { value: 'behaved', label: 'Orders', cause: 'behaved' },
  { value: 'border', label: 'Border', cause: 'border' },
];

const causeOf = (flows: Flows, cause: string): number | null => {
  const n = flows.causes[cause];
  return n === undefined ? 0 : n;
};

/** Which cause is looked at: no order and aged, behaved, or a refit moved the line. */
function Causes({ flows, view, place }: { flows: Flows; view: CauseView; place: Place }) {
  const setSearch = useSetSearch();
  const data = CHOICES.map(({ value, label, cause }) => ({
    value,
    label: cause ? `${label} ${count(causeOf(flows, cause))}` : label,
  }));
  if (view === 'own') data.push({ value: 'own', label: 'Without border' });
  return (
    <div className={classes.causes}>
      <SegmentedControl
        aria-label="Why they moved"
        data={data}
        value={view}
        onChange={(next) => setSearch({ cause: next === 'all' ? undefined : next }, true)}
      />
      {view !== 'all' && view !== 'own' && Number(causeOf(flows, view)) > 0 && (
        <Listed flows={flows} place={place} who={{ cause: view }}>
          List {counted(causeOf(flows, view), 'customer')}
        </Listed>
      )}
      <span className="note">
        Time: no order, and they aged. Orders: they did something. Border: a new model moved the
        line.
      </span>
    </div>
  );
}

const BY: Record<CauseView, string> = {
  all: '',
  aged: 'By time alone, ',
  behaved: 'By orders, ',
  border: 'By the new border, ',
  own: 'Without the new border, ',
};

function NetChart({ flows, view, place }: { flows: Flows; view: CauseView; place: Place }) {
  const net = netOf(flows, view);
  const [up, down] = [net[0], net.at(-1)];
  const grew = up && up.net > 0 ? `${up.segment.name} grew most, by ${count(up.net)}` : '';
  const shrank =
    down && down.net < 0 ? `${down.segment.name} shrank most, by ${count(-down.net)}` : '';
  const said = [grew, shrank].filter(Boolean).join('; ') || 'no segment grew or shrank';
  return (
    <ChartFrame
      title={`${BY[view]}${said}.`}
      note="Customers who came less customers who went."
      file={`${place.project}-net`}
      table={{
        columns: ['Segment', 'Came', 'Went', 'Net'],
        rows: net.map((one) => [one.segment.name, one.came, one.went, one.net]),
        read: net.map((one) => [
          one.segment.name,
          count(one.came),
          count(one.went),
          change(one.net),
        ]),
      }}
      chart={
        <Lollipop
          rows={net.map((one) => ({
            label: one.segment.name,
            slot: one.segment.slot,
            value: one.net,
            text: change(one.net),
          }))}
          write={change}
        />
      }
    />
  );
}

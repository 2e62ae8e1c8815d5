import type { FlowSegment, Flows } from '@/api/flows';
import { AppLink } from '@/components/AppLink';
import { type Column, DataTable } from '@/components/DataTable';
import { SegmentChip } from '@/components/SegmentChip';
import { type Between, CAUSE_WORDS, type CauseView, FLOOR, largest, NOBODY } from '@/lib/flows';
import { count } from '@/lib/format';
import type { Place } from '@/place';
import { isListed } from './chosen';
import classes from './flows.module.css';

const FIRST = 8;

/** The largest moves, each with its cause. */
export function LargestMoves({
  flows,
  view,
  place,
}: {
  flows: Flows;
  view: CauseView;
  place: Place;
}) {
  const known = new Map(flows.segments.map((one) => [one.id, one]));
  const moves = largest(flows, view).filter((one) => one.customers >= FLOOR);
  // Lists are of the published run, and of who came with it.
  const listed = isListed(flows, place);
  const columns: Column<Between>[] = [
    {
      id: 'move',
      header: 'From and to',
      phone: true,
      cell: (one) => (
        <span className={classes.move}>
          <Where id={one.from} known={known} place={place} />
          <span aria-hidden="true">→</span>
          <span className="unseen">to</span>
          <Where id={one.to} known={known} place={place} />
        </span>
      ),
    },
    {
      id: 'customers',
      header: 'Customers',
      figure: true,
      phone: true,
      cell: (one) => (
        <>
          {count(one.customers)}
          {listed && (
            <>
              {' · '}
              <AppLink
                className="link"
                href={place.href(['customers'], {
                  from: one.from,
                  f: one.to,
                  cause: one.cause,
                })}
              >
                List
                <span className="unseen">
                  {' '}
                  who moved from {known.get(one.from)?.name ?? one.from} to{' '}
                  {known.get(one.to)?.name ?? one.to}
                </span>
              </AppLink>
            </>
          )}
        </>
      ),
    },
    { id: 'cause', header: 'By', phone: true, cell: (one) => CAUSE_WORDS[one.cause] ?? one.cause },
  ];
  return (
    <section className="card" aria-labelledby="largest">
      <h2 id="largest" className="section">
        Largest moves
      </h2>
      {moves.length === 0 ? (
        <p className="secondary">No move of {FLOOR} customers or more.</p>
      ) : (
        <DataTable
          caption="Moves from segment to segment, the largest first"
          columns={columns}
          rowKey={(one) => `${one.from} ${one.to} ${one.cause}`}
          page={{ rows: moves.slice(0, FIRST), total: moves.length, from: 1 }}
        />
      )}
    </section>
  );
}

function Where({
  id,
  known,
  place,
}: {
  id: string;
  known: ReadonlyMap<string, FlowSegment>;
  place: Place;
}) {
  const segment = known.get(id);
  if (segment) return <SegmentChip segment={segment} href={place.href(['segments', id])} />;
  return <SegmentChip segment={{ id, name: id === NOBODY ? 'In no segment' : id, slot: null }} />;
}

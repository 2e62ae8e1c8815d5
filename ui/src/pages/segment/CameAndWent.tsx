import { type FlowSegment, type Flows, useFlows } from '@/api/flows';
import { AppLink } from '@/components/AppLink';
import { ChartFrame } from '@/components/ChartFrame';
import { LoadState } from '@/components/LoadState';
import { Lollipop } from '@/components/Lollipop';
import { ABSENT, movesOf, NOBODY } from '@/lib/flows';
import { change, count, date, eve } from '@/lib/format';
import { isListed } from '@/pages/flows/chosen';
import type { Place } from '@/place';
import classes from './segment.module.css';

interface Props {
  segment: FlowSegment;
  place: Place;
}

/** Who came into the segment and who left it since the run before, by where from and where to. */
export function CameAndWent({ segment, place }: Props) {
  const query = useFlows(place.project, place.runId);
  const before = place.runs.find((run) => run.run_id === query.data?.from)?.as_of;
  if (query.data && !before) return null;
  return (
    <section id="flows" className={`card ${classes.part}`} aria-label="Flows">
      <LoadState query={query} what="Flows" skeleton={<div style={{ height: 280 }} />}>
        {(flows) =>
          flows.suppressed ? (
            <p className="secondary">
              Moves would tell of a few customers: hidden to protect them.
            </p>
          ) : (
            <Moves flows={flows} segment={segment} place={place} since={before ?? ''} />
          )
        }
      </LoadState>
    </section>
  );
}

interface Way {
  label: string;
  slot: number | null;
  value: number;
  /** Of the list of those who went so; nobody lists who is gone. */
  who?: { from?: string; f: string; cause: string };
}

function waysOf(flows: Flows, id: string): Way[] {
  const named = new Map(flows.segments.map((one) => [one.id, one]));
  const ways = new Map<string, Way>();
  for (const { from_id, to_id, customers } of movesOf(flows, 'all')) {
    if ((from_id === id) === (to_id === id)) continue;
    const came = to_id === id;
    const other = came ? from_id : to_id;
    const key = `${came} ${other}`;
    const name = other === NOBODY ? 'no segment' : (named.get(other)?.name ?? other);
    const label = other === ABSENT ? (came ? 'New' : 'Gone') : `${came ? 'from' : 'to'} ${name}`;
    const who = came
      ? other === ABSENT
        ? { f: id, cause: 'new' }
        : { from: other, f: id, cause: 'moved' }
      : other === ABSENT
        ? undefined
        : { from: id, f: other, cause: 'moved' };
    const known = ways.get(key) ?? { label, slot: named.get(other)?.slot ?? null, value: 0, who };
    known.value += came ? customers : -customers;
    ways.set(key, known);
  }
  return [...ways.values()].sort((a, b) => b.value - a.value);
}

function Moves({ flows, segment, place, since }: Props & { flows: Flows; since: string }) {
  const ways = waysOf(flows, segment.id);
  const sum = (some: Way[]) => some.reduce((total, one) => total + one.value, 0);
  const came = sum(ways.filter((one) => one.value > 0));
  const went = 0 - sum(ways.filter((one) => one.value < 0));
  const listed = isListed(flows, place);
  if (ways.length === 0)
    return <p className="secondary">Nobody came or went since {date(eve(since))}.</p>;
  return (
    <ChartFrame
      title={`${count(came)} came and ${count(went)} went since ${date(eve(since))}: ${change(came - went)}.`}
      note="Customers who came, by where from, and who went, by where to."
      file={`${place.project}-${segment.id}-flows`}
      table={{
        columns: ['Way', 'Customers'],
        rows: ways.map((one) => [one.label, one.value]),
        read: ways.map((one) => [
          one.label,
          listed && one.who ? (
            <AppLink key={one.label} className="link" href={place.href(['customers'], one.who)}>
              {change(one.value)}
            </AppLink>
          ) : (
            change(one.value)
          ),
        ]),
      }}
      chart={
        <Lollipop
          rows={ways.map(({ label, slot, value }) => ({
            label,
            slot,
            value,
            text: change(value),
          }))}
          write={change}
        />
      }
    />
  );
}

import { Button } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useCurrency } from '@/api/projects';
import { type Segment, useSegments } from '@/api/segments';
import { NEWEST, useMoves } from '@/api/stream';
import { announce } from '@/components/announce';
import { type Column, DataTable } from '@/components/DataTable';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { SegmentChip } from '@/components/SegmentChip';
import { clockSeconds, counted, date, estimate } from '@/lib/format';
import { CAUSE_WORDS, type LiveRow, rowsOf } from '@/lib/live';
import type { Place } from '@/place';
import classes from './live.module.css';

const QUIET = 10_000;

/** Who moved, the newest on top; it stands still while somebody reads it. */
export function Moves({ place }: { place: Place }) {
  const { moves, cut } = useMoves(place.project, true);
  const whose = place.search.customer ?? '';
  const rows = useMemo(
    () => rowsOf(moves.filter((one) => !whose || one.customer_id === whose)),
    [moves, whose],
  );
  const newest = rows[0]?.seq ?? 0;
  const [pressed, setPressed] = useState(false);
  const [read, setRead] = useState(false);
  const [until, setUntil] = useState(0);
  const paused = pressed || read;
  useEffect(() => {
    if (!paused) setUntil(newest);
  }, [paused, newest]);
  useNews(newest, rows);
  const shown = rows.filter((row) => row.seq <= (paused ? until : newest));
  const newer = rows.length - shown.length;
  return (
    <section className="card" aria-labelledby="changes">
      <div className={classes.top}>
        <h2 id="changes" className="section">
          {whose ? <>Changes of {<SafeText text={whose} max={40} />}</> : 'Changes'}
        </h2>
        <Button variant="default" aria-pressed={pressed} onClick={() => setPressed(!pressed)}>
          {pressed ? 'Go on' : 'Pause'}
        </Button>
      </div>
      <p className={classes.state}>
        {newer > 0 ? (
          <>
            {counted(newer, 'newer change')}.{' '}
            <button type="button" className="plain" onClick={() => setUntil(newest)}>
              Show
            </button>
          </>
        ) : (
          <span className="secondary">
            {paused ? 'Paused while you read.' : 'The newest are on top.'}
          </span>
        )}
      </p>
      {cut && <Notice tone="warn">The line is cut; it is taken up again by itself.</Notice>}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: reading it by any means holds it still */}
      <div
        onMouseEnter={() => setRead(true)}
        onMouseLeave={() => setRead(false)}
        onFocus={() => setRead(true)}
        onBlur={() => setRead(false)}
      >
        <Table rows={shown.slice(0, NEWEST)} place={place} />
      </div>
    </section>
  );
}

/** Says every ten seconds at most how many there are that nobody was told of. */
function useNews(newest: number, rows: LiveRow[]): void {
  const told = useRef(0);
  const now = useRef(rows);
  now.current = rows;
  if (told.current === 0) told.current = newest; // what was there at first is no news
  useEffect(() => {
    const timer = setInterval(() => {
      const news = now.current.filter((row) => row.seq > told.current).length;
      told.current = now.current[0]?.seq ?? told.current;
      if (news > 0) announce(counted(news, 'new change'));
    }, QUIET);
    return () => clearInterval(timer);
  }, []);
}

function Table({ rows, place }: { rows: LiveRow[]; place: Place }) {
  const segments = useSegments(place.project).data?.items ?? [];
  const currency = useCurrency(place.project, place.runs.find((run) => run.published)?.run_id);
  const known = new Map(segments.map((one) => [one.id, one]));
  const columns: Column<LiveRow>[] = [
    {
      id: 'who',
      header: 'Customer',
      phone: true,
      cell: (row) =>
        row.customers.length === 1 ? (
          <SafeText text={row.customers[0] ?? ''} max={40} />
        ) : (
          counted(row.customers.length, 'customer')
        ),
    },
    {
      id: 'change',
      header: 'Change',
      phone: true,
      cell: (row) => <Change row={row} known={known} currency={currency} />,
    },
    { id: 'cause', header: 'By', cell: (row) => CAUSE_WORDS[row.cause] ?? row.cause },
    {
      id: 'at',
      header: 'Time',
      figure: true,
      cell: (row) => <time dateTime={row.at}>{timeOf(row.at)}</time>,
    },
  ];
  return (
    <DataTable
      caption="Changes of customers as they happen, the newest first"
      columns={columns}
      rowKey={(row) => row.key}
      page={{ rows, total: rows.length, from: 1 }}
      href={(row) => hrefOf(row, place)}
      empty={<p className="secondary">Nobody has changed yet.</p>}
    />
  );
}

const timeOf = (at: string): string =>
  new Date(at).toDateString() === new Date().toDateString()
    ? clockSeconds(at)
    : `${date(at)}, ${clockSeconds(at)}`;

function hrefOf(row: LiveRow, place: Place): string {
  const [first] = row.customers;
  if (row.customers.length === 1 && first) return place.href(['customers', first]);
  return place.href(['customers'], { segment: row.to ?? row.from ?? '' });
}

interface ChangeProps {
  row: LiveRow;
  known: ReadonlyMap<string, Segment>;
  currency: string;
}

function Change({ row, known, currency }: ChangeProps) {
  if (row.value)
    return (
      <>
        expected {estimate(row.value.before, currency)} <Arrow />{' '}
        {estimate(row.value.after, currency)}
      </>
    );
  return (
    <span className={classes.change}>
      {row.from ? <SegmentChip segment={chipOf(row.from, known)} /> : 'first seen'}
      <Arrow />
      {row.to ? <SegmentChip segment={chipOf(row.to, known)} /> : 'in no segment'}
    </span>
  );
}

function Arrow() {
  return (
    <>
      <span aria-hidden="true">→</span>
      <span className="unseen">to</span>
    </>
  );
}

export const chipOf = (id: string, known: ReadonlyMap<string, Segment>) =>
  known.get(id) ?? { id, name: id === 'none' ? 'In no segment' : id, slot: null };

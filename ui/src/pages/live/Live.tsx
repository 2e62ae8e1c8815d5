/** Changes as they happen: is it flowing, how late, what changed? */
import { useContext } from 'react';
import { type StreamStatus, useDead, useStream } from '@/api/stream';
import { Figure } from '@/components/Figure';
import { Icon } from '@/components/Icon';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { SafeText } from '@/components/SafeText';
import { Lines } from '@/components/Waiting';
import { ago, clockSeconds, count, counted, date, duration, plain } from '@/lib/format';
import { silence } from '@/lib/live';
import { mayAs, RoleContext } from '@/lib/role';
import { type Place, usePlace } from '@/place';
import classes from './live.module.css';
import { Moves } from './Moves';
import { Watch } from './Watch';

const LATE = 10;

export default function Live() {
  const place = usePlace();
  const query = useStream(place.project);
  return (
    <>
      <PageHeader
        title="Live"
        place={place.name}
        sentence={query.data && <Sentence status={query.data} />}
      />
      <LoadState
        query={query}
        what="The stream"
        skeleton={<Lines n={8} height={32} />}
        isEmpty={(status) => !status.open}
        empty={
          <Notice>
            No events have come yet. The stream begins with the first one:{' '}
            <code>POST /api/v1/projects/{place.project}/events</code>
          </Notice>
        }
      >
        {(status) => <Shown status={status} place={place} />}
      </LoadState>
    </>
  );
}

/** Whether it flows, as people ask it first. */
function Sentence({ status }: { status: StreamStatus }) {
  if (!status.open || !status.at || !status.now) return null;
  if (silence(status) !== null) return 'Nothing is coming in.';
  return `Receiving. Last event ${ago(status.at, Date.parse(status.now))}.`;
}

function Shown({ status, place }: { status: StreamStatus; place: Place }) {
  const named = mayAs(useContext(RoleContext), 'analyst');
  return (
    <>
      <Silent status={status} />
      <section className={`card ${classes.figures}`} aria-label="How it flows">
        <Figure
          label="Events a second"
          value={plain(Math.round((status.events_per_second ?? 0) * 10) / 10)}
          change={<Pulse recent={status.recent ?? []} />}
          help="over the last minute"
        />
        <Figure label="Delay" value={delayOf(status)} help={<Lateness status={status} />} />
        <Figure
          label="Changes today"
          value={count(status.moves_today ?? 0)}
          help={status.sweeping ? 'A new day is being worked out.' : undefined}
        />
      </section>
      {named ? (
        <>
          <Moves place={place} />
          <Watch place={place} />
        </>
      ) : (
        <Notice>Who changed, by name, needs the role Analyst. Ask an admin.</Notice>
      )}
      <Refused status={status} named={named} place={place} />
    </>
  );
}

/** "No events for 4 minutes; usual gap 2 s." */
function Silent({ status }: { status: StreamStatus }) {
  const since = silence(status);
  if (since === null || !status.at) return null;
  const gap = status.usual_gap_seconds;
  const usual = gap == null ? '' : `; usual gap ${gap < 1 ? 'under 1 s' : duration(gap)}`;
  const today = status.at.slice(0, 10) === (status.now ?? '').slice(0, 10);
  return (
    <Notice tone="warn">
      No events for {inWords(since)}
      {usual}. Last: {today ? '' : `${date(status.at)}, `}
      {clockSeconds(status.at)}.
    </Notice>
  );
}

const MINUTE = 60;
const HOUR = 3600;

function inWords(seconds: number): string {
  if (seconds < MINUTE) return counted(Math.round(seconds), 'second');
  if (seconds < 2 * HOUR) return counted(Math.floor(seconds / MINUTE), 'minute');
  return duration(seconds);
}

function delayOf(status: StreamStatus): string | null {
  const delay = status.delay_seconds;
  if (delay == null) return null;
  return delay < LATE ? `${plain(Math.round(delay * 10) / 10)} s` : duration(delay);
}

function Lateness({ status }: { status: StreamStatus }) {
  if ((status.delay_seconds ?? 0) <= LATE) return 'from an event to its change';
  return (
    <span className={classes.late}>
      <Icon name="warn" /> The last event came late.
    </span>
  );
}

const BAR = 6;
const TALL = 24;

/** Events a second in each part of the last minute, as bars on one scale from 0. */
function Pulse({ recent }: { recent: number[] }) {
  const most = Math.max(...recent, 1e-9);
  const parts = recent.map((value, n) => ({ value, n }));
  return (
    <svg className={classes.pulse} width={12 * BAR} height={TALL} aria-hidden="true">
      {parts.map(({ value, n }) => (
        <rect
          key={n}
          x={n * BAR}
          y={TALL - Math.max(1, (value / most) * TALL)}
          width={BAR - 2}
          height={Math.max(1, (value / most) * TALL)}
        />
      ))}
    </svg>
  );
}

/** What could not be used, by its reason, and the first of them. */
function Refused({ status, named, place }: { status: StreamStatus; named: boolean; place: Place }) {
  const refused = status.refused ?? 0;
  const dead = useDead(place.project, named ? refused : 0);
  if (refused === 0) return null;
  const letters = dead.data?.items ?? [];
  return (
    <section className="card" aria-labelledby="refused">
      <h2 id="refused" className="section">
        {counted(refused, 'message')} refused until now
      </h2>
      {dead.data && (
        <p className={classes.reasons}>
          Kept: {Object.entries(dead.data.reasons).map(inReason).join(', ') || 'none'}.
        </p>
      )}
      {letters.length > 0 && (
        <details>
          <summary>See the first {letters.length}</summary>
          <ul>
            {letters.map((one) => (
              <li key={one.seq}>
                <SafeText text={one.message} max={160} />{' '}
                <span className="note">
                  {date(one.at)}, {clockSeconds(one.at)}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

const inReason = ([reason, n]: [string, number]): string =>
  `${count(n)} ${reason.replaceAll('_', ' ')}`;

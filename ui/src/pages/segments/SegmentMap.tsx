/** All customers as dots, by what varies most or by two columns; the list beside is its legend. */
import { NativeSelect } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import { MOST_POINTS, type Points, useMap } from '@/api/map';
import { type Segment, useSegments } from '@/api/segments';
import { AppLink } from '@/components/AppLink';
import { LoadState } from '@/components/LoadState';
import { MapPlot } from '@/components/MapPlot';
import { SafeText } from '@/components/SafeText';
import { SegmentMark } from '@/components/SegmentMark';
import { Lines } from '@/components/Waiting';
import { count, counted, shareInWords } from '@/lib/format';
import { isLongTailed } from '@/lib/scatter';
import { type Place, useGo, useSetSearch } from '@/place';
import classes from './map.module.css';

/** The map with its axes and its list; what is picked stands in the address. */
export default function SegmentMap({ place }: { place: Place }) {
  const { x = '', y = '' } = place.search;
  const both = x !== '' && y !== '';
  const axes = both ? { x, y } : { x: '', y: '' };
  const query = useMap(place.project, axes, place.runId);
  const segments = useSegments(place.project, place.runId);
  return (
    <div className="card">
      <LoadState query={query} what="The map" skeleton={<Lines n={12} height={32} />}>
        {(points) => (
          <LoadState query={segments} what="Segments">
            {(data) => <Shown points={points} segments={data.items} place={place} />}
          </LoadState>
        )}
      </LoadState>
    </div>
  );
}

interface ShownProps {
  points: Points;
  segments: Segment[];
  place: Place;
}

function Shown({ points, segments, place }: ShownProps) {
  const go = useGo();
  const { pick } = place.search;
  const known = useMemo(() => new Map(segments.map((one) => [one.id, one])), [segments]);
  const axes = useMemo(
    () => ({ x: axisOf(points, points.x, points.xs), y: axisOf(points, points.y, points.ys) }),
    [points],
  );
  const { ref, width } = useElementSize();
  return (
    <>
      <Axes points={points} />
      <div className={classes.map}>
        <div ref={ref} className={classes.plot}>
          <MapPlot
            points={points}
            axes={axes}
            segments={known}
            picked={pick}
            height={width > 0 && width < 480 ? 360 : 560}
            onPick={(id) => go(place.href(['customers', id]))}
          />
          <p className="unseen">
            Scatter of {counted(points.ids.length, 'customer')}; use the list of segments beside it.
          </p>
        </div>
        <Legend points={points} segments={segments} place={place} />
      </div>
      <p className="note">{noteOf(points)}</p>
    </>
  );
}

/** A component has no zero of its own: it is never stretched. */
const axisOf = (points: Points, axis: Points['x'], values: (number | null)[]) => ({
  label: axis.label,
  log: points.shown === null && (axis.log || isLongTailed(values)),
});

function noteOf(points: Points): string {
  const drawn = points.ids.length;
  const said = [];
  if (points.shown !== null)
    said.push(
      `Shows ${shareInWords(points.shown)} of the variation; distances are rough. A named axis says more: choose two above.`,
    );
  if (points.total === null)
    said.push(
      'Each dot stands where many are alike, the larger the more; few together are left out.',
    );
  else if (drawn === MOST_POINTS && drawn < points.total)
    said.push(`${count(drawn)} of ${counted(points.total, 'customer')}, drawn by lot.`);
  else if (drawn < points.total)
    said.push(
      `${counted(points.total - drawn, 'customer')} with nothing to place them by are not shown.`,
    );
  if (points.ids[0]) said.push('A click on a dot opens the customer.');
  return said.join(' ');
}

/** Which columns are the axes; both empty: what varies most. */
function Axes({ points }: { points: Points }) {
  const setSearch = useSetSearch();
  const { axes } = points;
  const named = points.shown === null;
  if (axes.length < 2) return null;
  const options = axes.map((axis) => ({ value: axis.name, label: axis.label }));
  const all = [{ value: '', label: 'What varies most' }, ...options];
  const other = (name: string) => axes.find((axis) => axis.name !== name)?.name;
  return (
    <div className={classes.axes}>
      <NativeSelect
        label="Across"
        data={all}
        value={named ? points.x.name : ''}
        onChange={(event) => {
          const x = event.currentTarget.value;
          const y = named && points.y.name !== x ? points.y.name : preferred(points, x);
          setSearch(x ? { x, y: y ?? other(x) } : { x: undefined, y: undefined });
        }}
      />
      {named && (
        <NativeSelect
          label="Up"
          data={options.filter((one) => one.value !== points.x.name)}
          value={points.y.name}
          onChange={(event) => setSearch({ x: points.x.name, y: event.currentTarget.value })}
        />
      )}
      {!named && axes.some((one) => one.name === 'recency') && (
        <button
          type="button"
          className={`plain ${classes.offer}`}
          onClick={() => setSearch({ x: 'recency', y: 'monetary' })}
        >
          Days since last order × spend
        </button>
      )}
    </div>
  );
}

/** The column that goes well with another: spend, or else the first that differs. */
function preferred(points: Points, x: string): string | undefined {
  const spend = points.axes.find((axis) => axis.name === 'monetary' && axis.name !== x);
  return (spend ?? points.axes.find((axis) => axis.name !== x))?.name;
}

/** Legend, filter and the way by keys in one. */
function Legend({ points, segments, place }: ShownProps) {
  const setSearch = useSetSearch();
  const { pick } = place.search;
  const nobody = points.segments.filter((one) => one === null).length;
  const toggle = (id: string) => setSearch({ pick: pick === id ? undefined : id }, true);
  return (
    <ul className={classes.legend} aria-label="Segments: press to let one stand out">
      {segments.map((one) => (
        <li key={one.id}>
          <button
            type="button"
            className={classes.pick}
            aria-pressed={pick === one.id}
            onClick={() => toggle(one.id)}
          >
            <SegmentMark slot={one.slot} />
            <span className={classes.name}>
              <SafeText text={one.name} max={40} />
            </span>
            <span className="secondary">{count(one.n)}</span>
          </button>
          {pick === one.id && (
            <AppLink className={`link ${classes.open}`} href={place.href(['segments', one.id])}>
              Open the segment
            </AppLink>
          )}
        </li>
      ))}
      {nobody > 0 && (
        <li>
          <button
            type="button"
            className={classes.pick}
            aria-pressed={pick === 'none'}
            onClick={() => toggle('none')}
          >
            <SegmentMark slot={null} />
            <span className={classes.name}>In no segment</span>
            <span className="secondary">{count(nobody)}</span>
          </button>
        </li>
      )}
    </ul>
  );
}

import { date, money } from '@/lib/format';
import { lookOf } from '@/tokens';
import classes from './chart/chart.module.css';
import { Sized } from './chart/parts';
import { linear } from './chart/scale';
import { SegmentMark } from './SegmentMark';
import styles from './Timeline.module.css';

export interface Moment {
  id: string;
  day: string;
  amount: number;
}

export interface Band {
  from: string;
  name: string;
  slot: number | null;
}

interface Props {
  orders: Moment[];
  returns: Moment[];
  /** Other things that happened, as ticks. */
  events: string[];
  /** Segments over time, oldest first. */
  bands: Band[];
  /** First and last day. */
  range: [string, string];
  currency: string;
}

const [HEIGHT, LINE, TOP] = [168, 112, 24];
const ROOM = 56;
const at = (day: string) => Date.parse(day) / 86_400_000;

/** What a customer did, day by day: orders as stems, returns hollow below, the segment underneath. */
export function Timeline({ orders, returns, events, bands, range, currency }: Props) {
  const most = Math.max(
    1,
    ...orders.map((one) => one.amount),
    ...returns.map((one) => Math.abs(one.amount)),
  );
  return (
    <div>
      <Sized height={() => HEIGHT}>
        {(width) => {
          const x = linear(at(range[0]), Math.max(at(range[1]), at(range[0]) + 1), 8, width - 8);
          const y = linear(0, most, LINE, TOP);
          const places = orders.map((one) => x(at(one.day))).sort((a, b) => a - b);
          const labelled = places.every((one, n) => n === 0 || one - (places[n - 1] ?? 0) >= ROOM);
          return (
            <>
              <line className={classes.zero} x1={0} x2={width} y1={LINE} y2={LINE} />
              {[...new Set(events)].map((day) => (
                <line
                  key={day}
                  className={classes.gap}
                  x1={x(at(day))}
                  x2={x(at(day))}
                  y1={LINE - 4}
                  y2={LINE + 4}
                />
              ))}
              {[...orders, ...returns].map((one) => (
                <Stem
                  key={one.id}
                  x={x(at(one.day))}
                  one={one}
                  y={y}
                  text={labelled ? money(one.amount, currency) : ''}
                />
              ))}
              {bands.map((band, n) => {
                const end = bands[n + 1]?.from ?? range[1];
                const [from, to] = [x(at(band.from)), x(at(end))];
                return (
                  <rect
                    key={band.from}
                    x={Math.max(0, from)}
                    width={Math.max(4, to - from - 2)}
                    y={136}
                    height={6}
                    fill={lookOf(band.slot).colour}
                  />
                );
              })}
              <text x={0} y={158} className={classes.near} style={{ textAnchor: 'start' }}>
                {date(range[0])}
              </text>
              <text x={width} y={158} className={classes.near} style={{ textAnchor: 'end' }}>
                {date(range[1])}
              </text>
            </>
          );
        }}
      </Sized>
      {bands.length > 0 && (
        <ul className={styles.bands}>
          {bands.map((band) => (
            <li key={band.from}>
              <SegmentMark slot={band.slot} /> {band.name}{' '}
              <span className="note">known since {date(band.from)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Stem({
  x,
  one,
  y,
  text,
}: {
  x: number;
  one: Moment;
  y: (value: number) => number;
  text: string;
}) {
  const returned = one.amount < 0;
  const end = returned ? LINE + Math.min(20, LINE - y(-one.amount)) : y(one.amount);
  return (
    <g>
      <line className={classes.stem} x1={x} x2={x} y1={LINE} y2={end} />
      <circle className={returned ? classes.hollow : classes.dot} cx={x} cy={end} r={3.5} />
      {text && !returned && (
        <text className={classes.near} x={x} y={end - 10}>
          {text}
        </text>
      )}
    </g>
  );
}

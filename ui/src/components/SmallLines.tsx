import { date } from '@/lib/format';
import classes from './chart/chart.module.css';
import { Sized } from './chart/parts';
import { linear } from './chart/scale';
import { SegmentMark } from './SegmentMark';
import styles from './SmallLines.module.css';

export interface Series {
  label: string;
  slot?: number | null;
  /** Days and values, oldest first; null where it is not known. */
  points: { day: string; value: number | null }[];
}

interface Props {
  series: Series[];
  write: (value: number) => string;
  sameScale?: boolean;
  /** A level below or above which somebody has to act, and its name. */
  alarm?: { value: number; label: string };
}

const HEIGHT = 88;

/** One small line a series, all on one scale unless said otherwise. */
export function SmallLines({ series, write, sameScale = true, alarm }: Props) {
  const values = (some: Series[]) =>
    some.flatMap((one) => one.points.map((point) => point.value)).filter((x) => x !== null);
  const all = values(series);
  return (
    <div className={styles.grid}>
      {series.map((one) => {
        const own = sameScale ? all : values([one]);
        const high = Math.max(...own, alarm?.value ?? 0, 1e-9);
        return (
          <div key={one.label}>
            <div className={styles.name}>
              {one.slot !== undefined && <SegmentMark slot={one.slot} />}
              {one.label}
            </div>
            <Sized height={() => HEIGHT}>
              {(width) => (
                <Line series={one} width={width} high={high} write={write} alarm={alarm} />
              )}
            </Sized>
          </div>
        );
      })}
    </div>
  );
}

interface LineProps {
  series: Series;
  width: number;
  high: number;
  write: (value: number) => string;
  alarm?: { value: number; label: string };
}

function Line({ series, width, high, write, alarm }: LineProps) {
  const { points } = series;
  const right = width - 56;
  const x = linear(0, Math.max(1, points.length - 1), 4, right);
  const y = linear(0, high, HEIGHT - 24, 8);
  const known = points.flatMap((point, n) =>
    point.value === null ? [] : [`${x(n)} ${y(point.value)}`],
  );
  const last = points.findLast((point) => point.value !== null);
  return (
    <>
      <line className={classes.grid} x1={0} x2={right} y1={y(0)} y2={y(0)} />
      {alarm && (
        <>
          <line
            className={classes.alarm}
            x1={0}
            x2={right}
            y1={y(alarm.value)}
            y2={y(alarm.value)}
          />
          <text
            x={0}
            y={y(alarm.value) - 8}
            className={classes.near}
            style={{ textAnchor: 'start' }}
          >
            {alarm.label}
          </text>
        </>
      )}
      {known.length > 1 && <path className={classes.line} d={`M${known.join('L')}`} />}
      {last?.value != null && (
        <>
          <circle
            className={classes.dot}
            cx={x(points.lastIndexOf(last))}
            cy={y(last.value)}
            r={4}
          />
          <text x={width} y={y(last.value)} className={classes.value}>
            {write(last.value)}
          </text>
        </>
      )}
      {points[0] && (
        <text x={0} y={HEIGHT - 8} className={classes.near} style={{ textAnchor: 'start' }}>
          {date(points[0].day)}
        </text>
      )}
    </>
  );
}

import classes from './chart/chart.module.css';
import { Sized } from './chart/parts';
import { linear, ticksOf } from './chart/scale';
import styles from './LineBand.module.css';

export interface BandPoint {
  x: number;
  value: number;
  low?: number | null;
  high?: number | null;
}

interface Props {
  points: BandPoint[];
  write: (value: number) => string;
  /** The point that stands out, and what is written at it. */
  mark?: { x: number; text: string };
  /** What goes along the axis below. */
  xLabel: string;
  height?: number;
  /** Ends of the axis; else those of the values. */
  low?: number;
  high?: number;
}

const [LEFT, BOTTOM, TOP] = [40, 40, 24];

/** One measure by whole numbers, such as the number of segments: a line, its range as a band. */
export function LineBand({ points, write, mark, xLabel, height = 240, low, high }: Props) {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const values = sorted.flatMap((one) => [one.value, one.low ?? one.value, one.high ?? one.value]);
  const ends = { low: low ?? Math.min(...values), high: high ?? Math.max(...values) };
  return (
    <Sized height={() => height}>
      {(width) => (
        <Plot
          points={sorted}
          write={write}
          mark={mark}
          xLabel={xLabel}
          width={width}
          height={height}
          {...ends}
        />
      )}
    </Sized>
  );
}

const LABEL = 32;

/** Which points are labelled: from the first on, as many as do not touch. */
function labelled(xs: number[], place: (x: number) => number): Set<number> {
  const shown = new Set<number>();
  let end = Number.NEGATIVE_INFINITY;
  for (const one of xs) {
    if (place(one) < end + LABEL) continue;
    shown.add(one);
    end = place(one);
  }
  return shown;
}

type PlotProps = Props & { width: number; height: number; low: number; high: number };

function Plot({ points, write, mark, xLabel, width, height, low, high }: PlotProps) {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  const x = linear(first.x, last.x, LEFT + 16, width - 16);
  const y = linear(low, high, height - BOTTOM, TOP, height < 200 ? 2 : 4);
  const shown = labelled(
    points.map((one) => one.x),
    x,
  );
  const band = points.filter((one) => one.low != null && one.high != null);
  const marked = points.find((one) => one.x === mark?.x);
  return (
    <>
      {ticksOf(low, high, height < 200 ? 2 : 4).map((tick) => (
        <g key={tick}>
          <line className={classes.grid} x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
          <text className={classes.tick} style={{ textAnchor: 'end' }} x={LEFT - 8} y={y(tick)}>
            {write(tick)}
          </text>
        </g>
      ))}
      {band.length > 1 && (
        <path
          className={styles.band}
          d={`M${band.map((one) => `${x(one.x)} ${y(one.high ?? 0)}`).join('L')}L${[...band]
            .reverse()
            .map((one) => `${x(one.x)} ${y(one.low ?? 0)}`)
            .join('L')}z`}
        />
      )}
      <path
        className={classes.line}
        d={`M${points.map((one) => `${x(one.x)} ${y(one.value)}`).join('L')}`}
      />
      {points.map((one) => (
        <g key={one.x}>
          <circle className={styles.point} cx={x(one.x)} cy={y(one.value)} r={2.5} />
          {shown.has(one.x) && (
            <text className={classes.tick} x={x(one.x)} y={height - BOTTOM + 16}>
              {one.x}
            </text>
          )}
        </g>
      ))}
      {marked && mark && (
        <>
          <circle className={classes.dot} cx={x(marked.x)} cy={y(marked.value)} r={6} />
          <text
            className={classes.near}
            style={{ textAnchor: x(marked.x) > width / 2 ? 'end' : 'start' }}
            x={x(marked.x)}
            y={Math.max(8, y(marked.high ?? marked.value) - 14)}
          >
            {mark.text}
          </text>
        </>
      )}
      <text className={classes.tick} x={(LEFT + width) / 2} y={height - 8}>
        {xLabel}
      </text>
    </>
  );
}

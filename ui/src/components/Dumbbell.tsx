import classes from './chart/chart.module.css';
import { Axis, type Layout, layoutOf, RowWords, rowAt, rowHeight, Sized } from './chart/parts';
import { linear } from './chart/scale';
import type { AxisOf } from './DotRange';
import { Mark } from './SegmentMark';

export interface PairRow {
  label: string;
  /** Hollow. */
  a: number | null;
  /** Filled, with its range. */
  b: number | null;
  low?: number | null;
  high?: number | null;
  text: string;
  slot?: number | null;
  /** Marks of two segments, where a and b are two segments. */
  slots?: [number | null, number | null];
}

interface Props {
  rows: PairRow[];
  /** Names of the hollow and the filled marks; left out where the marks are segments. */
  aName?: string;
  bName?: string;
  axis: AxisOf;
}

const TOP = 20;

/** Two values a row on one axis; the gap between them is the message. */
export function Dumbbell({ rows, aName, bName, axis }: Props) {
  const top = aName ? TOP : 0;
  const tall = (width: number) => rows.length * rowHeight(width) + (axis.label ? 40 : 24);
  const known = rows
    .flatMap((row) => [row.a, row.b, row.low ?? null, row.high ?? null])
    .filter((x) => x !== null);
  return (
    <Sized height={(width) => top + tall(width)}>
      {(width) => {
        const at = layoutOf(
          width,
          rows.map((row) => row.label),
          rows.map((row) => row.text),
        );
        const low = axis.low ?? Math.min(0, ...known);
        const x = linear(
          low,
          axis.high ?? Math.max(...known, low + 1e-9),
          at.left + 8,
          at.right - 8,
          width < 480 ? 3 : 5,
        );
        return (
          <>
            {aName && (
              <text x={at.left} y={8} className={classes.near} style={{ textAnchor: 'start' }}>
                ○ {aName} ● {bName}
              </text>
            )}
            <g transform={`translate(0 ${top})`}>
              <Axis scale={x} height={tall(width)} write={axis.write} label={axis.label} />
              {rows.map((row, n) => (
                <Pair key={row.label} row={row} n={n} x={x} layout={at} />
              ))}
            </g>
          </>
        );
      }}
    </Sized>
  );
}

interface PairProps {
  row: PairRow;
  n: number;
  x: (value: number) => number;
  layout: Layout;
}

function Pair({ row, n, x, layout }: PairProps) {
  const { words, line: y } = rowAt(layout, n);
  const own = row.slots ?? [undefined, row.slot];
  return (
    <g>
      <RowWords label={row.label} text={row.text} slot={row.slot} y={words} layout={layout} />
      {row.a !== null && row.b !== null && (
        <line
          className={classes.gap}
          x1={x(row.a)}
          x2={x(row.b)}
          y1={y}
          y2={y}
          strokeDasharray="2 3"
        />
      )}
      {row.low != null && row.high != null && (
        <line className={classes.range} x1={x(row.low)} x2={x(row.high)} y1={y} y2={y} />
      )}
      {row.a !== null && <Dot slot={own[0]} x={x(row.a)} y={y} hollow />}
      {row.b !== null && <Dot slot={own[1]} x={x(row.b)} y={y} />}
    </g>
  );
}

function Dot({
  slot,
  x,
  y,
  hollow = false,
}: {
  slot: number | null | undefined;
  x: number;
  y: number;
  hollow?: boolean;
}) {
  if (slot !== undefined) return <Mark slot={slot} x={x} y={y} r={6} />;
  return <circle className={hollow ? classes.hollow : classes.dot} cx={x} cy={y} r={5} />;
}

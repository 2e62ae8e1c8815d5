import classes from './chart/chart.module.css';
import { Axis, type Layout, layoutOf, RowWords, rowAt, rowHeight, Sized } from './chart/parts';
import { linear } from './chart/scale';
import { Mark } from './SegmentMark';

export interface DotRow {
  label: string;
  /** Null: not known; its text says why. */
  value: number | null;
  low?: number | null;
  high?: number | null;
  /** The value as it is read, at the end of the row. */
  text: string;
  /** Of a segment; left out for anything else. */
  slot?: number | null;
}

export interface AxisOf {
  low?: number;
  high?: number;
  write: (value: number) => string;
  label?: string;
}

interface Props {
  rows: DotRow[];
  axis: AxisOf;
  /** A value that all are seen against. */
  mark?: number;
  sort?: 'value' | 'given';
}

/** Estimates: a dot each, with a line for its range, on one axis. */
export function DotRange({ rows, axis, mark, sort = 'given' }: Props) {
  const shown =
    sort === 'value'
      ? [...rows].sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity))
      : rows;
  const tall = (width: number) => shown.length * rowHeight(width) + (axis.label ? 40 : 24);
  const known = shown
    .flatMap((row) => [row.value, row.low ?? null, row.high ?? null])
    .filter((x) => x !== null);
  return (
    <Sized height={tall}>
      {(width) => {
        const at = layoutOf(
          width,
          shown.map((row) => row.label),
          shown.map((row) => row.text),
        );
        const low = axis.low ?? Math.min(0, ...known);
        const high = axis.high ?? Math.max(...known, low + 1e-9);
        const x = linear(low, high, at.left + 8, at.right - 8, width < 480 ? 3 : 5);
        return (
          <>
            <Axis
              scale={x}
              height={tall(width)}
              write={axis.write}
              label={axis.label}
              zero={mark}
            />
            {shown.map((row, n) => (
              <DotLine key={row.label} row={row} n={n} x={x} layout={at} />
            ))}
          </>
        );
      }}
    </Sized>
  );
}

interface LineProps {
  row: DotRow;
  n: number;
  x: (value: number) => number;
  layout: Layout;
}

function DotLine({ row, n, x, layout }: LineProps) {
  const { words, line: y } = rowAt(layout, n);
  return (
    <g>
      <RowWords label={row.label} text={row.text} slot={row.slot} y={words} layout={layout} />
      {row.low != null && row.high != null && (
        <line className={classes.range} x1={x(row.low)} x2={x(row.high)} y1={y} y2={y} />
      )}
      {row.value !== null &&
        (row.slot === undefined ? (
          <circle className={classes.dot} cx={x(row.value)} cy={y} r={5} />
        ) : (
          <Mark slot={row.slot} x={x(row.value)} y={y} r={6} />
        ))}
    </g>
  );
}

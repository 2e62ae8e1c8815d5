import classes from './chart/chart.module.css';
import { Axis, layoutOf, RowLabel, Sized } from './chart/parts';
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

const ROW = 32;

/** Estimates: a dot each, with a line for its range, on one axis. */
export function DotRange({ rows, axis, mark, sort = 'given' }: Props) {
  const shown =
    sort === 'value'
      ? [...rows].sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity))
      : rows;
  const height = shown.length * ROW + (axis.label ? 40 : 24);
  const known = shown
    .flatMap((row) => [row.value, row.low ?? null, row.high ?? null])
    .filter((x) => x !== null);
  return (
    <Sized height={height}>
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
            <Axis scale={x} height={height} write={axis.write} label={axis.label} zero={mark} />
            {shown.map((row, n) => (
              <DotLine
                key={row.label}
                row={row}
                y={n * ROW + ROW / 2}
                x={x}
                left={at.left}
                width={width}
              />
            ))}
          </>
        );
      }}
    </Sized>
  );
}

interface LineProps {
  row: DotRow;
  y: number;
  x: (value: number) => number;
  left: number;
  width: number;
}

function DotLine({ row, y, x, left, width }: LineProps) {
  return (
    <g>
      <RowLabel text={row.label} slot={row.slot} y={y} room={left} />
      {row.low != null && row.high != null && (
        <line className={classes.range} x1={x(row.low)} x2={x(row.high)} y1={y} y2={y} />
      )}
      {row.value !== null &&
        (row.slot === undefined ? (
          <circle className={classes.dot} cx={x(row.value)} cy={y} r={5} />
        ) : (
          <Mark slot={row.slot} x={x(row.value)} y={y} r={6} />
        ))}
      <text className={classes.value} x={width} y={y}>
        {row.text}
      </text>
    </g>
  );
}

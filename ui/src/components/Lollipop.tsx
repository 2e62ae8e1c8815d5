import classes from './chart/chart.module.css';
import { Axis, layoutOf, RowWords, rowAt, rowHeight, Sized } from './chart/parts';
import { linear } from './chart/scale';
import { Mark } from './SegmentMark';

export interface StemRow {
  label: string;
  value: number;
  text: string;
  slot?: number | null;
}

interface Props {
  rows: StemRow[];
  /** Where the stems begin. */
  zero?: number;
  sort?: 'value' | 'given';
  write: (value: number) => string;
}

/** Values as stems from one line, such as changes from 0. */
export function Lollipop({ rows, zero = 0, sort = 'given', write }: Props) {
  const shown = sort === 'value' ? [...rows].sort((a, b) => b.value - a.value) : rows;
  const tall = (width: number) => shown.length * rowHeight(width) + 24;
  const values = shown.map((row) => row.value);
  return (
    <Sized height={tall}>
      {(width) => {
        const at = layoutOf(
          width,
          shown.map((row) => row.label),
          shown.map((row) => row.text),
        );
        const [low, high] = [Math.min(zero, ...values), Math.max(zero, ...values)];
        const x = linear(
          low,
          high === low ? low + 1 : high,
          at.left + 8,
          at.right - 8,
          width < 480 ? 3 : 5,
        );
        return (
          <>
            <Axis scale={x} height={tall(width)} write={write} zero={zero} />
            {shown.map((row, n) => {
              const { words, line: y } = rowAt(at, n);
              return (
                <g key={row.label}>
                  <RowWords
                    label={row.label}
                    text={row.text}
                    slot={row.slot}
                    y={words}
                    layout={at}
                  />
                  <line className={classes.stem} x1={x(zero)} x2={x(row.value)} y1={y} y2={y} />
                  {row.slot === undefined ? (
                    <circle className={classes.dot} cx={x(row.value)} cy={y} r={5} />
                  ) : (
                    <Mark slot={row.slot} x={x(row.value)} y={y} r={6} />
                  )}
                </g>
              );
            })}
          </>
        );
      }}
    </Sized>
  );
}

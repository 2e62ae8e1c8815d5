import classes from './chart/chart.module.css';
import { Mark } from './SegmentMark';

interface Props {
  value: number | null | undefined;
  low?: number | null;
  high?: number | null;
  /** The end of the axis, the same for all rows. */
  most: number;
  slot: number | null | undefined;
}

const [WIDTH, HEIGHT] = [112, 20];

/** A dot and its range in a cell, on an axis from 0 that all rows share. */
export function RangeCell({ value, low, high, most, slot }: Props) {
  const x = (share: number) => 8 + (share / (most || 1)) * (WIDTH - 16);
  return (
    <svg aria-hidden="true" width={WIDTH} height={HEIGHT} style={{ verticalAlign: 'middle' }}>
      <line className={classes.zero} x1={x(0)} x2={x(0)} y1={2} y2={HEIGHT - 2} />
      {low != null && high != null && (
        <line className={classes.range} x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      )}
      {value != null && <Mark slot={slot} x={x(value)} y={HEIGHT / 2} r={5} />}
    </svg>
  );
}

import classes from './chart/chart.module.css';

interface Props {
  /** 0 to 1. */
  value: number;
  low?: number | null;
  high?: number | null;
  /** What has to be reached, drawn as a dotted line. */
  gate?: number;
  chosen?: boolean;
  width?: number;
}

const HEIGHT = 24;

/** A dot and its range in a cell from 0 to 100, and the gate that it has to pass. */
export function GateCell({ value, low, high, gate, chosen = false, width = 112 }: Props) {
  const x = (share: number) => 6 + Math.max(0, Math.min(1, share)) * (width - 12);
  return (
    <svg
      aria-hidden="true"
      width={width}
      height={HEIGHT}
      className={classes.chart}
      style={{ verticalAlign: 'middle', flex: 'none' }}
    >
      <line className={classes.grid} x1={x(0)} x2={x(1)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      {gate !== undefined && (
        <line
          className={classes.gap}
          strokeDasharray="2 3"
          x1={x(gate)}
          x2={x(gate)}
          y1={0}
          y2={HEIGHT}
        />
      )}
      {low != null && high != null && (
        <line className={classes.range} x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      )}
      <circle
        className={chosen ? classes.dot : classes.hollow}
        cx={x(value)}
        cy={HEIGHT / 2}
        r={chosen ? 6 : 4}
      />
    </svg>
  );
}

import { lookOf } from '@/tokens';
import classes from './chart/chart.module.css';
import { Sized } from './chart/parts';
import { linear } from './chart/scale';

export interface StripGroup {
  label: string;
  /** Above 0, ascending. */
  values: number[];
  median: number | null;
  /** Of the segment that is meant; the others are hollow. */
  slot?: number | null;
}

interface Props {
  groups: StripGroup[];
  write: (value: number) => string;
  /** What goes along the axis. */
  axis: string;
}

const [HEAD, TALL, FOOT] = [24, 96, 40];
const RADIUS = 2.5;
const LABEL = 80;

/** Single customers as dots on an axis of powers, one row above the other, each with its median. */
export function Strip({ groups, write, axis }: Props) {
  const values = groups.flatMap((one) => one.values);
  if (values.length === 0) return null;
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  const height = groups.length * (HEAD + TALL) + FOOT;
  return (
    <Sized height={() => height}>
      {(width) => {
        const x = linear(low, high === low ? low + 1 : high, 8, width - 8);
        // Where labels would touch, only every other power has one.
        const step = width / (high - low || 1) < LABEL ? 2 : 1;
        const powers = [];
        for (let power = Math.ceil(low); power <= high; power += step) powers.push(power);
        return (
          <>
            {powers.map((power) => (
              <g key={power}>
                <line
                  className={classes.grid}
                  x1={x(power)}
                  x2={x(power)}
                  y1={0}
                  y2={height - 36}
                />
                <text className={classes.tick} x={x(power)} y={height - 24}>
                  {write(10 ** power)}
                </text>
              </g>
            ))}
            {groups.map((group, n) => (
              <Row
                key={group.label}
                group={group}
                top={n * (HEAD + TALL)}
                place={(value) => x(Math.log10(value))}
                width={width}
                write={write}
              />
            ))}
            <text className={classes.tick} x={width / 2} y={height - 8}>
              {axis}
            </text>
          </>
        );
      }}
    </Sized>
  );
}

interface RowProps {
  group: StripGroup;
  top: number;
  place: (value: number) => number;
  width: number;
  write: (value: number) => string;
}

function Row({ group, top, place, width, write }: RowProps) {
  const look = lookOf(group.slot);
  const middle = top + HEAD + TALL / 2;
  const dots = swarm(group.values.map(place));
  const { median } = group;
  return (
    <g>
      <text x={0} y={top + 12}>
        {group.label}
      </text>
      {median !== null && (
        <text className={classes.value} x={width} y={top + 12}>
          median {write(median)}
        </text>
      )}
      {dots.map(([x, y]) => (
        <circle
          key={`${x} ${y}`}
          cx={x}
          cy={middle + y}
          r={RADIUS}
          fill={group.slot ? look.colour : 'none'}
          fillOpacity={0.8}
          stroke={group.slot ? 'none' : 'var(--edge)'}
        />
      ))}
      {median !== null && median > 0 && (
        <line
          stroke="var(--ink)"
          strokeWidth={2}
          x1={place(median)}
          x2={place(median)}
          y1={middle - TALL / 2}
          y2={middle + TALL / 2}
        />
      )}
    </g>
  );
}

/** Dots that would lie on one another go up and down from the middle, closer where they are many. */
export function swarm(xs: number[]): [x: number, y: number][] {
  const wide = 2 * RADIUS;
  const columns = new Map<number, number[]>();
  for (const x of xs) {
    const column = Math.round(x / wide);
    columns.set(column, [...(columns.get(column) ?? []), x]);
  }
  const most = Math.max(1, ...[...columns.values()].map((one) => one.length));
  const step = Math.min(wide, (TALL - wide) / most);
  return [...columns.values()].flatMap((column) =>
    column.map((x, n): [number, number] => [x, Math.ceil(n / 2) * step * (n % 2 ? -1 : 1)]),
  );
}

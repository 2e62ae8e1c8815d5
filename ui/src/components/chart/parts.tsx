/** What charts have in common: their width, a label that fits, an axis with few lines. */
import { useElementSize } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Mark } from '../SegmentMark';
import classes from './chart.module.css';
import type { Scale } from './scale';

const LETTER = 7;
const NARROW = 480;

export interface Layout {
  width: number;
  /** Where the plot begins and ends; labels stand before it, values behind it. */
  left: number;
  right: number;
}

export function layoutOf(width: number, labels: string[], texts: string[]): Layout {
  const narrow = width < NARROW;
  const longest = (of: string[]) => Math.max(0, ...of.map((one) => one.length)) * LETTER;
  const left = Math.min(longest(labels) + 28, width * (narrow ? 0.38 : 0.32));
  const right = width - Math.min(longest(texts) + 16, width * 0.4);
  return { width, left, right };
}

/** Draws once its width is known; its height is kept free from the beginning. */
export function Sized({
  height,
  children,
}: {
  height: number;
  children: (width: number) => ReactNode;
}) {
  const { ref, width } = useElementSize();
  return (
    <div ref={ref} style={{ height, minWidth: 0 }}>
      {width > 0 && (
        <svg aria-hidden="true" data-chart width={width} height={height} className={classes.chart}>
          {children(width)}
        </svg>
      )}
    </div>
  );
}

export function cut(text: string, room: number): string {
  const most = Math.max(3, Math.floor(room / LETTER));
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

interface LabelProps {
  text: string;
  slot?: number | null;
  y: number;
  room: number;
}

/** The name of a row, with the shape of its segment if it is one. */
export function RowLabel({ text, slot, y, room }: LabelProps) {
  const marked = slot !== undefined;
  return (
    <g>
      {marked && <Mark slot={slot} x={7} y={y} r={5} />}
      <text x={marked ? 22 : 0} y={y} className={classes.label}>
        <title>{text}</title>
        {cut(text, room - (marked ? 34 : 12))}
      </text>
    </g>
  );
}

interface AxisProps {
  scale: Scale;
  height: number;
  write: (value: number) => string;
  label?: string;
  /** A line that means something, such as 0 or the median of all. */
  zero?: number;
}

export function Axis({ scale, height, write, label, zero }: AxisProps) {
  const bottom = height - (label ? 36 : 20);
  return (
    <g>
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line className={classes.grid} x1={scale(tick)} x2={scale(tick)} y1={0} y2={bottom} />
          <text className={classes.tick} x={scale(tick)} y={bottom + 14}>
            {write(tick)}
          </text>
        </g>
      ))}
      {zero !== undefined && (
        <line className={classes.zero} x1={scale(zero)} x2={scale(zero)} y1={0} y2={bottom} />
      )}
      {label && (
        <text
          className={classes.tick}
          x={(scale(scale.ticks[0] ?? 0) + scale(scale.ticks.at(-1) ?? 0)) / 2}
          y={bottom + 30}
        >
          {label}
        </text>
      )}
    </g>
  );
}

/** What charts have in common: their width, a label that fits, an axis with few lines. */
import { useElementSize } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Mark } from '../SegmentMark';
import classes from './chart.module.css';
import type { Scale } from './scale';

const LETTER = 6.6;
const NARROW = 520;
const [ROW, STACKED] = [32, 48];

export interface Layout {
  width: number;
  /** Where the plot begins and ends; labels stand before it, values behind it. */
  left: number;
  right: number;
  /** On a narrow screen the words of a row stand above its line. */
  stacked: boolean;
  row: number;
}

export const rowHeight = (width: number): number => (width < NARROW ? STACKED : ROW);

export function layoutOf(width: number, labels: string[], texts: string[]): Layout {
  if (width < NARROW) return { width, left: 0, right: width, stacked: true, row: STACKED };
  const longest = (of: string[]) => Math.max(0, ...of.map((one) => one.length)) * LETTER;
  const left = Math.min(longest(labels) + 36, width * 0.32);
  const right = width - Math.min(longest(texts) + 16, width * 0.4);
  return { width, left, right, stacked: false, row: ROW };
}

/** Where row n has its words, and where its line. */
export function rowAt(layout: Layout, n: number): { words: number; line: number } {
  const top = n * layout.row;
  if (layout.stacked) return { words: top + 14, line: top + 34 };
  return { words: top + ROW / 2, line: top + ROW / 2 };
}

interface SizedProps {
  height: (width: number) => number;
  children: (width: number) => ReactNode;
}

/** Draws once its width is known; its height is kept free from the beginning. */
export function Sized({ height, children }: SizedProps) {
  const { ref, width } = useElementSize();
  const tall = height(width || NARROW);
  return (
    <div ref={ref} className={classes.sized} style={{ height: tall }}>
      {width > 0 && (
        <svg aria-hidden="true" data-chart width={width} height={tall} className={classes.chart}>
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

interface WordsProps {
  label: string;
  text: string;
  slot?: number | null;
  y: number;
  layout: Layout;
}

/** The words of a row: its name, with the shape of its segment if it is one, and its value. */
export function RowWords({ label, text, slot, y, layout }: WordsProps) {
  const marked = slot !== undefined;
  const begin = layout.stacked ? 8 : 0;
  const room = layout.stacked ? layout.width - text.length * LETTER - 24 : layout.left;
  return (
    <g>
      {marked && <Mark slot={slot} x={begin + 7} y={y} r={5} />}
      <text x={begin + (marked ? 22 : 0)} y={y}>
        <title>{label}</title>
        {cut(label, room - (marked ? 34 : 12))}
      </text>
      <text className={classes.value} x={layout.width} y={y}>
        {text}
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

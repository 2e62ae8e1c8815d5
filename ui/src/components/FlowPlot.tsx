import type { EChartsCoreOption } from 'echarts/core';
import { useCallback } from 'react';
import type { FlowSegment } from '@/api/flows';
import { ABSENT, type Link, NOBODY } from '@/lib/flows';
import { count } from '@/lib/format';
import type { Paint, Picked } from './chart/echarts';
import { EChart } from './EChart';

/** How many were and are in each; null where it is hidden. */
export interface FlowSizes {
  from: ReadonlyMap<string, number | null>;
  to: ReadonlyMap<string, number | null>;
}

interface Props {
  /** In the order of both sides. */
  segments: FlowSegment[];
  links: Link[];
  sizes: FlowSizes;
  onPick?: (segmentId: string) => void;
}

const [ROW, PALE, CLEAR, LETTERS] = [56, 0.14, 0.4, 24];
const GLYPHS = ['●', '■', '▲', '◆', '▲', '■', '▲', '●', '◆', '●', '◆', '■'];
const OTHERS = 'other';

/** Where everybody was and is: the same order on both sides, in the hue of where they were. */
export function FlowPlot({ segments, links, sizes, onPick }: Props) {
  const option = useCallback(
    (paint: Paint) => optionOf({ segments, links, sizes }, paint),
    [segments, links, sizes],
  );
  const pick = ({ name }: Picked) => {
    const id = /^(?:from|to):(.+)$/.exec(name)?.[1];
    if (id && segments.some((one) => one.id === id)) onPick?.(id);
  };
  const rows = new Set(links.map((one) => one.from)).size + 1;
  return <EChart option={option} height={Math.max(240, rows * ROW)} onPick={pick} />;
}

interface Side {
  id: string;
  name: string;
  slot: number | null;
}

/** Segments in their order, and last who is in none or not there. */
function sidesOf(segments: FlowSegment[], links: Link[], side: 'from' | 'to'): Side[] {
  const there = new Set(links.map((one) => one[side] ?? OTHERS));
  const all: Side[] = [
    ...segments,
    { id: NOBODY, name: 'In no segment', slot: null },
    { id: ABSENT, name: side === 'from' ? 'Not yet there' : 'No longer there', slot: null },
    { id: OTHERS, name: 'Other moves', slot: null },
  ];
  return all.filter((one) => there.has(one.id));
}

const hue = (slot: number | null, paint: Paint) =>
  slot ? paint(`--seg-${((slot - 1) % 12) + 1}`) : paint('--edge');

type Making = Pick<Props, 'segments' | 'links' | 'sizes'>;

function optionOf({ segments, links, sizes }: Making, paint: Paint): EChartsCoreOption {
  const [left, right] = [sidesOf(segments, links, 'from'), sidesOf(segments, links, 'to')];
  const slots = new Map([...left, ...right].map((one) => [one.id, one.slot]));
  const sumOf = (side: 'from' | 'to', id: string) => {
    const known = sizes[side].get(id);
    if (known !== undefined) return known;
    return links.reduce((n, one) => n + ((one[side] ?? OTHERS) === id ? one.customers : 0), 0);
  };
  const node = (side: 'from' | 'to') => (one: Side) => ({
    name: `${side}:${one.id}`,
    depth: side === 'from' ? 0 : 1,
    itemStyle: { color: hue(one.slot, paint), borderWidth: 0 },
    label: {
      position: side === 'from' ? 'left' : 'right',
      formatter: `{mark|${one.slot ? GLYPHS[(one.slot - 1) % 12] : '×'}} ${short(one.name)} ${sumText(sumOf(side, one.id))}`,
      rich: {
        mark: { color: hue(one.slot, paint), fontSize: 12 },
        sum: { color: paint('--ink-2'), fontSize: 12, padding: [0, 0, 0, 4] },
      },
    },
  });
  return {
    animation: false,
    tooltip: {
      trigger: 'item',
      formatter: (item: { dataType: string; data: { told?: string }; name: string }) =>
        item.data.told ?? '',
    },
    series: [
      {
        type: 'sankey',
        left: 208,
        right: 208,
        top: 8,
        bottom: 8,
        nodeWidth: 8,
        nodeGap: 14,
        layoutIterations: 0,
        draggable: false,
        emphasis: { focus: 'adjacency', lineStyle: { opacity: 0.7 } },
        label: { color: paint('--ink'), fontSize: 13 },
        data: [...left.map(node('from')), ...right.map(node('to'))],
        links: links.map((one) => ({
          source: `from:${one.from}`,
          target: `to:${one.to ?? OTHERS}`,
          value: one.customers,
          told: count(one.customers),
          lineStyle: {
            color: hue(slots.get(one.from) ?? null, paint),
            opacity: one.from === one.to ? PALE : CLEAR,
            curveness: 0.5,
          },
        })),
      },
    ],
  };
}

/** The number behind a name; what is hidden has none. */
const sumText = (n: number | null): string => (n === null ? '' : `{sum|${count(n)}}`);

const short = (name: string): string =>
  name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name;

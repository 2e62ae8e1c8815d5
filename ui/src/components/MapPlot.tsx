import type { EChartsCoreOption } from 'echarts/core';
import { useCallback, useMemo } from 'react';
import { short } from '@/lib/format';
import { type Group, groupsOf, logTicks, placeOn, shared, valueAt } from '@/lib/scatter';
import type { Paint, Picked } from './chart/echarts';
import { EChart } from './EChart';
import type { NamedSegment } from './SegmentChip';

export interface MapAxis {
  label: string;
  log: boolean;
}

export interface MapPoints {
  ids: string[];
  xs: (number | null)[];
  ys: (number | null)[];
  segments: (string | null)[];
}

interface Props {
  points: MapPoints;
  axes: { x: MapAxis; y: MapAxis };
  segments: ReadonlyMap<string, NamedSegment>;
  /** The segment that stands out; `none` for those in no segment. */
  picked?: string;
  onPick: (customerId: string) => void;
  height: number;
}

const [DOT, FADED] = [3, 0.25];
const LETTERS = 28;

/** Customers as dots on a canvas, with the names of the segments at their middles. */
export function MapPlot({ points, axes, segments, picked, onPick, height }: Props) {
  const groups = useMemo(() => groupsOf(points.xs, points.ys, points.segments), [points]);
  const option = useCallback(
    (paint: Paint) => optionOf({ points, axes, segments, groups, picked, paint }),
    [points, axes, segments, groups, picked],
  );
  const pick = ({ series, index }: Picked) => {
    const at = groups.find((group) => keyOf(group) === series)?.at[index];
    const id = at === undefined ? '' : points.ids[at];
    if (id) onPick(id);
  };
  return <EChart option={option} height={height} marks={points.xs.length + 2001} onPick={pick} />;
}

const keyOf = (group: Group): string => group.id ?? 'none';

interface Making {
  points: MapPoints;
  axes: { x: MapAxis; y: MapAxis };
  segments: ReadonlyMap<string, NamedSegment>;
  groups: Group[];
  picked?: string;
  paint: Paint;
}

function optionOf(making: Making): EChartsCoreOption {
  const { axes, points } = making;
  return {
    animation: false,
    grid: { left: LEFT, right: 16, top: 16, bottom: 48, outerBoundsMode: 'none' },
    xAxis: axisOf(axes.x, points.xs, 28),
    yAxis: axisOf(axes.y, points.ys, 52),
    tooltip: { trigger: 'item' },
    series: [...dotsOf(making), namesOf(making)],
  };
}

function axisOf(axis: MapAxis, values: (number | null)[], gap: number) {
  const ticks = axis.log ? logTicks(values).map((one) => placeOn(true, one)) : undefined;
  return {
    type: 'value',
    scale: !axis.log,
    name: axis.log ? `${axis.label} (each step ×10)` : axis.label,
    nameLocation: 'middle',
    nameGap: gap,
    splitNumber: 4,
    axisTick: { show: false, customValues: ticks },
    splitLine: { show: !axis.log },
    axisLabel: {
      customValues: ticks,
      hideOverlap: true,
      formatter: (at: number) => short(axis.log ? valueAt(at) : at),
    },
  };
}

function colourOf(segment: NamedSegment | undefined, paint: Paint): string {
  const slot = segment?.slot;
  return slot ? paint(`--seg-${((slot - 1) % 12) + 1}`) : paint('--edge');
}

/** The more lie on one place, the larger its dot. */
const sizeOf = (dot: number[]) => Math.max(DOT, 1.5 * Math.sqrt(dot[2] ?? 1));

function dotsOf({ groups, points, axes, segments, picked, paint }: Making) {
  // Without ids customers are not shown one by one: many lie on the same place.
  const alone = points.ids.some(Boolean);
  const drawn = groups.map((group) => {
    const segment = group.id === null ? undefined : segments.get(group.id);
    const placed = group.at.map((n): [number, number] => [
      placeOn(axes.x.log, points.xs[n] ?? 0),
      placeOn(axes.y.log, points.ys[n] ?? 0),
    ]);
    const faded = picked !== undefined && picked !== keyOf(group);
    return {
      type: 'scatter',
      id: keyOf(group),
      name: segment?.name ?? 'In no segment',
      ...(alone ? { large: true, largeThreshold: 1000, symbolSize: DOT } : { symbolSize: sizeOf }),
      z: faded ? 1 : 2,
      itemStyle: faded
        ? { color: paint('--edge'), opacity: FADED }
        : { color: colourOf(segment, paint), opacity: 0.8 },
      tooltip: {
        formatter: ({ dataIndex }: { dataIndex: number }) => {
          const id = points.ids[group.at[dataIndex] ?? -1];
          return [id, segment?.name ?? 'In no segment'].filter(Boolean).join('\n');
        },
      },
      data: alone ? placed : shared(placed),
    };
  });
  // The picked ones lie above the others.
  return drawn.sort((a, b) => a.z - b.z);
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Laid {
  dataIndex?: number;
  rect: Rect;
  labelRect: Rect;
}

const [LEFT, ABOVE] = [72, 20];
const STEPS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];

/** Lays names out one after the other: one that would lie on another goes up or down from it. */
function apart(lift: number) {
  const placed = new Map<number, Rect>();
  const isFree = (rect: Rect) =>
    [...placed.values()].every(
      (other) =>
        rect.x >= other.x + other.width ||
        other.x >= rect.x + rect.width ||
        rect.y >= other.y + other.height ||
        other.y >= rect.y + rect.height,
    );
  return ({ dataIndex = 0, rect, labelRect }: Laid) => {
    // Once a name comes again, all of them are laid out anew.
    if (placed.has(dataIndex)) placed.clear();
    const { width, height } = labelRect;
    // From its point, not from where it lies: there it may have been moved before.
    const x = Math.max(LEFT + width / 2, rect.x + rect.width / 2);
    const y = rect.y + rect.height / 2 - lift;
    const at = (step: number): Rect => ({
      x: x - width / 2,
      y: y + step * (height + 2) - height / 2,
      width,
      height,
    });
    const step = STEPS.find((one) => isFree(at(one))) ?? 0;
    placed.set(dataIndex, at(step));
    return { x, y: y + step * (height + 2), align: 'center', verticalAlign: 'middle' };
  };
}

/** The names, each once, at the middle of its segment. */
function namesOf({ groups, points, axes, segments, picked, paint }: Making) {
  const named = groups.filter((group) => picked === undefined || picked === keyOf(group));
  return {
    type: 'scatter',
    id: 'names',
    silent: true,
    symbolSize: 0.01,
    z: 5,
    tooltip: { show: false },
    // A name may cover dots of thousands, but not the only one.
    labelLayout: apart(points.ids.some(Boolean) ? 0 : ABOVE),
    itemStyle: { opacity: 1 },
    data: named.map((group) => ({
      name: group.id === null ? 'In no segment' : (segments.get(group.id)?.name ?? group.id),
      value: [placeOn(axes.x.log, group.x), placeOn(axes.y.log, group.y)],
    })),
    label: {
      show: true,
      formatter: ({ name }: { name: string }) =>
        name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name,
      color: paint('--ink'),
      fontSize: 13,
      fontWeight: 500,
      backgroundColor: paint('--card'),
      padding: [2, 6],
      borderRadius: 4,
    },
  };
}

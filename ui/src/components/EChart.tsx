import { useComputedColorScheme } from '@mantine/core';
import type { EChartsCoreOption } from 'echarts/core';
import { useEffect, useRef } from 'react';
import type { begin, Paint, Picked } from './chart/echarts';

interface Props {
  /** Made of the theme's colours; keep it (useCallback) while nothing of it changes. */
  option: (paint: Paint) => EChartsCoreOption;
  height: number;
  /** Above 2,000 marks the canvas is quicker. */
  marks?: number;
  onPick?: (picked: Picked) => void;
}

const MANY = 2000;

/** A chart that needs ECharts, which is loaded when the first one is seen. */
export function EChart({ option, height, marks = 0, onPick }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<ReturnType<typeof begin> | null>(null);
  const newest = useRef({ option, onPick });
  newest.current = { option, onPick };
  // What is seen: a scheme that follows the device changes without being chosen anew.
  const colorScheme = useComputedColorScheme('light');
  const renderer = marks > MANY ? 'canvas' : 'svg';
  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read anew with the theme
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let over = false;
    void import('./chart/echarts').then((charts) => {
      if (over) return;
      drawing.current = charts.begin(
        element,
        renderer,
        (paint) => newest.current.option(paint),
        (picked) => newest.current.onPick?.(picked),
      );
    });
    return () => {
      over = true;
      drawing.current?.end();
      drawing.current = null;
    };
  }, [renderer, colorScheme]);
  useEffect(() => {
    const drawn = drawing.current;
    drawn?.set(option(drawn.paint));
  }, [option]);
  return <div ref={place} data-echart aria-hidden="true" style={{ height, width: '100%' }} />;
}

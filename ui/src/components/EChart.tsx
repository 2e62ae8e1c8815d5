import { useMantineColorScheme } from '@mantine/core';
import type { EChartsCoreOption } from 'echarts/core';
import { useEffect, useRef } from 'react';

interface Props {
  option: EChartsCoreOption;
  height: number;
  /** Above 2,000 marks the canvas is quicker. */
  marks?: number;
  onPick?: (name: string) => void;
}

const MANY = 2000;

/** A chart that needs ECharts, which is loaded when the first one is seen. */
export function EChart({ option, height, marks = 0, onPick }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { colorScheme } = useMantineColorScheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read anew with the theme
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let over = false;
    let dispose: () => void = () => undefined;
    void import('./chart/echarts').then(({ draw }) => {
      if (!over) dispose = draw(element, option, marks > MANY ? 'canvas' : 'svg', onPick);
    });
    return () => {
      over = true;
      dispose();
    };
  }, [option, marks, onPick, colorScheme]);
  return <div ref={place} aria-hidden="true" style={{ height, width: '100%' }} />;
}

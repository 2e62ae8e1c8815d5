/** The parts of ECharts that are used, in our colours; loaded only where a chart needs them. */
import { BarChart, LineChart, SankeyChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  BarChart,
  LineChart,
  SankeyChart,
  ScatterChart,
  AriaComponent,
  GridComponent,
  TooltipComponent,
  LabelLayout,
  CanvasRenderer,
  SVGRenderer,
]);

/** A colour of the page's theme by the name of its variable, such as `--ink`. */
export type Paint = (name: string) => string;

/** What was clicked: the id of its series, its place there, and its name if it has one. */
export interface Picked {
  series: string;
  index: number;
  name: string;
}

export interface Drawing {
  set: (option: EChartsCoreOption) => void;
  end: () => void;
}

function themeOf(font: string, of: Paint): object {
  const axis = {
    axisLine: { lineStyle: { color: of('--edge') } },
    axisLabel: { color: of('--ink-2') },
    splitLine: { lineStyle: { color: of('--line') } },
  };
  return {
    color: [of('--series')],
    backgroundColor: 'transparent',
    textStyle: { fontFamily: font, color: of('--ink') },
    categoryAxis: axis,
    valueAxis: axis,
    logAxis: axis,
    tooltip: {
      // Text alone: markup would need styles that the page's policy forbids.
      renderMode: 'richText',
      backgroundColor: of('--raised'),
      borderColor: of('--line'),
      textStyle: { color: of('--ink'), fontSize: 13 },
    },
  };
}

/** Begin a chart that keeps the size of its place. */
export function begin(
  element: HTMLElement,
  renderer: 'canvas' | 'svg',
  optionOf: (paint: Paint) => EChartsCoreOption,
  onPick?: (picked: Picked) => void,
): Drawing & { paint: Paint } {
  const style = getComputedStyle(element);
  const paint: Paint = (name) => style.getPropertyValue(name).trim();
  const chart = init(element, themeOf(style.fontFamily, paint), { renderer });
  const set = (option: EChartsCoreOption) =>
    chart.setOption(
      { animationDuration: 0, animationDurationUpdate: 240, ...option },
      { replaceMerge: ['series'] },
    );
  set(optionOf(paint));
  if (onPick)
    chart.on('click', (event) =>
      onPick({ series: event.seriesId ?? '', index: event.dataIndex, name: event.name }),
    );
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(element);
  return {
    set,
    paint,
    end: () => {
      sizes.disconnect();
      chart.dispose();
    },
  };
}

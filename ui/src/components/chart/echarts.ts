/** The parts of ECharts that are used, in our colours; loaded only where a chart needs them. */
import { BarChart, LineChart, SankeyChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  BarChart,
  LineChart,
  SankeyChart,
  ScatterChart,
  AriaComponent,
  GridComponent,
  TooltipComponent,
  CanvasRenderer,
  SVGRenderer,
]);

function themeOf(element: Element): object {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    axisLine: { lineStyle: { color: of('--edge') } },
    axisLabel: { color: of('--ink-2') },
    splitLine: { lineStyle: { color: of('--line') } },
  };
  return {
    color: [of('--series')],
    backgroundColor: 'transparent',
    textStyle: { fontFamily: style.fontFamily, color: of('--ink') },
    categoryAxis: axis,
    valueAxis: axis,
    logAxis: axis,
    tooltip: {
      backgroundColor: of('--raised'),
      borderColor: of('--line'),
      textStyle: { color: of('--ink') },
    },
  };
}

/** Draw, keep the size of the place, and return how to end. */
export function draw(
  element: HTMLElement,
  option: EChartsCoreOption,
  renderer: 'canvas' | 'svg',
  onPick?: (name: string) => void,
): () => void {
  const chart = init(element, themeOf(element), { renderer });
  chart.setOption({ animationDuration: 0, animationDurationUpdate: 240, ...option });
  if (onPick) chart.on('click', (event) => onPick(event.name));
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(element);
  return () => {
    sizes.disconnect();
    chart.dispose();
  };
}

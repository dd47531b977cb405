import { CustomChart, type CustomSeriesOption, LineChart, type LineSeriesOption } from 'echarts/charts';
import { GridComponent, type GridComponentOption } from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeHtml, Html } from './html.js';

use([LineChart, CustomChart, GridComponent, SVGRenderer]);

type ChartOption = ComposeOption<LineSeriesOption | CustomSeriesOption | GridComponentOption>;
type Point = [number, number | null];

/** One line of a plot. */
export interface Line {
  points: Point[];
  /** A custom property of the page, such as `--trained`. */
  color: string;
  width?: number;
  opacity?: number;
  dashed?: boolean;
  /** Holds each value until the next point. */
  step?: boolean;
  /** Fills down to the axis. */
  filled?: boolean;
  /** Draws a dot at each point. */
  dots?: boolean;
}

/** An area between two heights, drawn under the lines. */
export interface Band {
  /** x, lower and upper y, in order of x. */
  points: [number, number, number][];
  color: string;
}

/** An axis of a plot. */
export interface Axis {
  name?: string;
  log?: boolean;
  min?: number;
  max?: number;
  /** Approximate number of ticks. Default 5. */
  ticks?: number;
  /** Distance between ticks. It takes precedence over `ticks`. */
  interval?: number;
  format: (value: number) => string;
}

/** A plot of lines over one pair of axes. */
export interface Plot {
  /** Short name, the figure's `data-plot`. */
  id: string;
  /** Text alternative for readers who cannot see the plot. */
  description: string;
  lines: Line[];
  bands?: Band[];
  x: Axis;
  y: Axis;
}

/** The size of a drawing, in pixels. */
export interface PlotSize {
  /** Class of the SVG element. */
  name: string;
  width: number;
  height: number;
  /** Font size. */
  font: number;
  /** Factor on the number of ticks of an axis. */
  ticks: number;
}

/** Drawings for wide columns and for phones. The style sheet shows one of them. */
const SIZES: readonly PlotSize[] = [
  { name: 'wide', width: 540, height: 320, font: 12.5, ticks: 1 },
  { name: 'narrow', width: 335, height: 260, font: 12, ticks: 0.8 },
];

/**
 * Draws a plot as two inline SVG elements, for wide and for narrow columns. Colors are custom properties of the page, so that
 * a drawing works in the light and in the dark scheme.
 */
export function drawPlot(plot: Plot): Html {
  return new Html(SIZES.map((size) => drawAt(plot, size)).join('\n'));
}

/** Draws a plot in one size, as an SVG element with the class `size.name`. */
export function drawAt(plot: Plot, size: PlotSize): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: size.width, height: size.height });
  try {
    chart.setOption(optionOf(plot, size));
    const svg = chart.renderToSVGString({ useViewBox: true });
    const label = escapeHtml(plot.description);
    return (
      svg
        // Remove hover styles: the picture is static, and their class names contain a counter of the process.
        .replace(/<style[\s\S]*?<\/style>/g, '')
        .replace(/ class="zr\d+-cls-\d+"/g, '')
        // Replace ids, which contain a counter of the process, so that the output is deterministic.
        .replace(/\bzr\d+-/g, `${plot.id}-${size.name}-`)
        .replace(
          /^<svg[^>]*?(viewBox="[^"]*")[^>]*>/,
          `<svg class="${size.name}" role="img" aria-label="${label}" $1>`,
        )
    );
  } finally {
    chart.dispose();
  }
}

function optionOf(plot: Plot, size: PlotSize): ChartOption {
  const font = { color: 'var(--muted)', fontSize: size.font, fontFamily: 'system-ui, sans-serif' };
  const axis = (a: Axis) => ({
    ...(a.log
      ? { type: 'log' as const, logBase: 10 }
      : { type: 'value' as const, scale: a.min === undefined }),
    min: a.min,
    max: a.max,
    interval: a.interval,
    splitNumber: Math.max(2, Math.round((a.ticks ?? 5) * size.ticks)),
    axisLabel: { ...font, formatter: a.format, hideOverlap: true, margin: 9 },
    axisTick: { show: false },
    minorTick: { show: false },
  });
  return {
    animation: false,
    grid: { left: 52, right: 24, top: 14, bottom: 50, outerBoundsMode: 'none' },
    xAxis: {
      ...axis(plot.x),
      name: plot.x.name,
      nameLocation: 'middle',
      nameGap: 30,
      nameTextStyle: font,
      axisLine: { show: true, onZero: false, lineStyle: { color: 'var(--axis)' } },
      splitLine: { show: plot.x.log === true, lineStyle: { color: 'var(--rule)' } },
    },
    yAxis: {
      ...axis(plot.y),
      axisLine: { show: false },
      splitLine: { show: true, lineStyle: { color: 'var(--rule)' } },
    },
    series: [
      ...(plot.bands ?? []).map(bandSeries),
      ...plot.lines.map((line) => ({
        type: 'line' as const,
        silent: true,
        data: line.points,
        step: line.step ? ('end' as const) : undefined,
        showSymbol: line.dots === true,
        symbol: 'circle',
        symbolSize: 7,
        itemStyle: { color: `var(${line.color})` },
        lineStyle: {
          color: `var(${line.color})`,
          width: line.width ?? 2,
          opacity: line.opacity ?? 1,
          type: line.dashed ? ([6, 4] as number[]) : ('solid' as const),
          join: 'round' as const,
        },
        areaStyle: line.filled ? { color: `var(${line.color})`, opacity: 0.16 } : undefined,
        connectNulls: false,
        clip: true,
      })),
    ],
  } as ChartOption;
}

function bandSeries({ points, color }: Band): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    clip: true,
    // A single polygon: along the lower edge, then back along the upper edge.
    data: points.length > 1 ? [0] : [],
    renderItem: (_, api) => ({
      type: 'polygon',
      shape: {
        points: [
          ...points.map(([x, low]) => api.coord([x, low])),
          ...[...points].reverse().map(([x, , high]) => api.coord([x, high])),
        ],
      },
      style: { fill: `var(${color})`, opacity: 0.14 },
    }),
  };
}

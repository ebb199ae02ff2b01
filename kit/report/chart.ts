/**
 * A chart, twice: as SVG, which any reader sees and prints, and as the data from which the page's
 * script makes one that can be hovered and zoomed.
 *
 * @module
 */

import { loadDom, loadPlot } from "../deps.ts";
import type { Points } from "../analysis/downsample.ts";
import { escapeHtml, Html, html } from "./html.ts";

/** A line, a staircase or a cloud of points. */
export interface ChartSeries extends Points {
  label: string;
  /** Number of the colour, 1 to 4, as the style sheet has them. */
  color: 1 | 2 | 3 | 4;
  kind: "line" | "points";
}

/** A range of values that means something. */
export interface Band {
  from: number;
  to: number;
  label: string;
  mood: "good" | "low" | "high";
}

/** A chart over the session's time. */
export interface Chart {
  id: string;
  title: string;
  /** What a reader should take from it. */
  caption: string;
  unit: string;
  series: ChartSeries[];
  bands?: Band[];
  /** Top of the scale; that of the data where it is absent. */
  yMax?: number;
}

/** A chart with scales of its own, which does not move: what it holds is seen on hovering its marks. */
export interface Still {
  id: string;
  title: string;
  caption: string;
  unit: string;
  /** Below the title, by the colour's number. */
  legend?: readonly (readonly [label: string, color: ChartSeries["color"]])[];
  /** Everything of Observable Plot but size, document and style. */
  options(plot: Plot): PlotOptions;
}

/** The library that draws. */
export type Plot = Awaited<ReturnType<typeof loadPlot>>;

/** What it draws from. */
export type PlotOptions = NonNullable<Parameters<Plot["plot"]>[0]>;

const WIDTH = 760;
const HEIGHT = 250;
/** Stills are as wide as the page: no live chart takes their place. */
const STILL_WIDTH = 980;

/** Draws the charts and collects their data. */
export class ChartRoom {
  readonly charts: Chart[] = [];

  private constructor(
    private readonly plot: Plot,
    private readonly document: never,
  ) {}

  static async open(): Promise<ChartRoom> {
    const [plot, { parseHTML }] = await Promise.all([loadPlot(), loadDom()]);
    // The types of a browser's document are not among Deno's.
    const { document } = parseHTML("<html><body></body></html>") as unknown as { document: never };
    return new ChartRoom(plot, document);
  }

  /** The figure of a chart. */
  draw(chart: Chart): Html {
    this.charts.push(chart);
    const names = chart.series.map(({ label, color }) =>
      html`<li><span class="swatch c${color}"></span>${label}</li>`
    );
    return html`
      <figure class="chart" id="${chart.id}">
        <figcaption><strong>${chart.title}</strong> <span class="unit">${chart.unit}</span>
      <ul class="legend">${names}</ul></figcaption>
        <div class="static">${new Html(this.#svg(chart))}</div>
        <div class="live"></div>
        <p class="caption">${chart.caption}</p>
      </figure>
    `;
  }

  /** The figure of a chart that does not move. */
  still({ id, title, caption, unit, legend = [], options }: Still): Html {
    const figure = this.plot.plot({
      width: STILL_WIDTH,
      marginLeft: 52,
      ...options(this.plot),
      document: this.document,
      style: { background: "none", color: "currentColor" },
    });
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", escapeHtml(`${title}: ${caption}`));
    const names = legend.map(([label, color]) =>
      html`<li><span class="swatch c${color}"></span>${label}</li>`
    );
    return html`
      <figure class="chart" id="${id}">
        <figcaption><strong>${title}</strong> <span class="unit">${unit}</span>
      ${names.length > 0 ? html`<ul class="legend">${names}</ul>` : ""}</figcaption>
        <div class="still">${new Html(figure.outerHTML)}</div>
        <p class="caption">${caption}</p>
      </figure>
    `;
  }

  #svg(chart: Chart): string {
    const { plot } = this;
    const xs = chart.series.flatMap(({ x }) => x);
    const ys = chart.series.flatMap(({ y }) => y);
    const [left, right] = [least(xs), most(xs)];
    const top = chart.yMax ?? most(ys) * 1.05;
    const bands = (chart.bands ?? []).map((band) =>
      plot.rect([band], {
        x1: left,
        x2: right,
        y1: band.from,
        y2: Math.min(band.to, top),
        fill: `var(--band-${band.mood})`,
      })
    );
    const marks = chart.series.map((series) => {
      const points = series.x.map((x, place) => ({ x, y: series.y[place] }));
      const color = `var(--c${series.color})`;
      return series.kind === "line"
        ? plot.lineY(points, {
          x: "x",
          y: "y",
          stroke: color,
          strokeWidth: 1.5,
          curve: "step-after",
        })
        : plot.dot(points, { x: "x", y: "y", fill: color, r: 2, fillOpacity: 0.7 });
    });
    const figure = plot.plot({
      document: this.document,
      width: WIDTH,
      height: HEIGHT,
      marginLeft: 48,
      style: { background: "none", color: "currentColor" },
      x: { label: "seconds since the session began", domain: [left, right] },
      y: { label: null, grid: true, domain: [0, top] },
      marks: [...bands, ...marks, plot.ruleY([0])],
    });
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", escapeHtml(`${chart.title}: ${chart.caption}`));
    return figure.outerHTML;
  }
}

function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function most(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

/**
 * The view as lines of text for a terminal of a given size. Pure: the same state gives the same text.
 *
 * @module
 */

import type { LiveSession } from "../../analysis/live/live_session.ts";
import { hookHealth } from "./health.ts";
import { expertLines, helpLines, hookLines } from "./pages.ts";
import { overview, type Shown, type Tone, type Window } from "./readings.ts";
import { sparkline } from "./sparkline.ts";
import { figure, span } from "./words.ts";

/** Pages, in the order of the keys. */
export const PAGES = ["overview", "experts", "hooks"] as const;

/** What the person has chosen. */
export interface ViewState {
  page: (typeof PAGES)[number];
  window: Window;
  paused: boolean;
  help: boolean;
}

/** A terminal's size and whether it has colours. */
export interface Canvas {
  columns: number;
  rows: number;
  color: boolean;
}

/** The smallest terminal that the view is drawn on. */
const LEAST = { columns: 40, rows: 6 };

/** Colours of the tones; `dim` is for what is said beside. */
const STYLES: Record<Style, string> = {
  plain: "",
  good: "32",
  notice: "33",
  bad: "31;1",
  dim: "2",
  bold: "1",
  chart: "36",
};

/** How a piece of text looks. */
type Style = Tone | "dim" | "bold" | "chart";

/** A piece of a line. */
export interface Piece {
  text: string;
  style?: Style;
}

/** Exactly `rows` lines, none longer than `columns`. */
export function draw(live: LiveSession, state: ViewState, canvas: Canvas): string[] {
  const { columns, rows } = canvas;
  if (columns < LEAST.columns || rows < LEAST.rows) {
    const said = `${LEAST.columns} × ${LEAST.rows} characters are needed`;
    return fit([[{ text: said }]], canvas);
  }
  const body = state.help
    ? helpLines()
    : state.page === "overview"
    ? overviewLines(live, state.window, columns)
    : state.page === "experts"
    ? expertLines(live, columns)
    : hookLines(live, columns);
  const room = rows - 4;
  const shown = body.length > room
    ? [...body.slice(0, room - 1), [
      dim(`… ${body.length - room + 1} lines more: enlarge the window`),
    ]]
    : body;
  const rule: Piece[] = [dim("─".repeat(columns))];
  const padding = Array.from({ length: room - shown.length }, (): Piece[] => []);
  return fit([head(live, state), rule, ...shown, ...padding, rule, foot(state)], canvas);
}

const dim = (text: string): Piece => ({ text, style: "dim" });

function head(live: LiveSession, state: ViewState): Piece[] {
  const { versions, engine } = live.facts();
  const running = live.status === "running";
  const model = String(engine["model"] ?? "").split("/").at(-1);
  const { failed, droppedRows } = hookHealth(live);
  const bad = failed > 0 || droppedRows > 0;
  return [
    { text: " vscope watch ", style: "bold" },
    { text: ` ${live.dir.split("/").at(-1)} ` },
    {
      text: state.paused ? "‖ paused" : running ? "● running" : `■ ${live.status}`,
      style: state.paused ? "notice" : running || live.status === "complete" ? "good" : "notice",
    },
    dim(` ${span(live.now)}${live.caughtUp ? "" : ", catching up"}`),
    ...(model ? [{ text: `  ${model}` }] : []),
    ...(versions.vllm ? [dim(`  vLLM ${versions.vllm}`)] : []),
    ...(bad
      ? [{
        text: `  ${failed} hooks failed, ${figure(droppedRows)} rows dropped`,
        style: "bad" as const,
      }]
      : []),
  ];
}

function foot(state: ViewState): Piece[] {
  const pages = PAGES.flatMap((page): Piece[] => [
    page === state.page && !state.help ? { text: `[${page}]`, style: "bold" } : dim(` ${page} `),
  ]);
  const window = state.window === "recent" ? "last seconds" : "whole session";
  return [
    { text: " " },
    ...pages,
    dim(`   ←→ page  w ${window}  p ${state.paused ? "go on" : "pause"}  ? help  q quit`),
  ];
}

function overviewLines(live: LiveSession, window: Window, columns: number): Piece[][] {
  const lines = overview(live, window);
  // Beside the chart stands what there is to say; a narrow terminal shows the chart alone.
  const said = columns >= BOTH;
  const chart = Math.min(120, columns - VALUES - 3 - (said ? NOTES : 0));
  let group = "";
  const text = lines.map((shown) => {
    const title = shown.group === group ? "" : shown.group;
    group = shown.group;
    return lineOf(shown, title, chart >= 8 ? chart : 0, said);
  });
  if (lines.length === 0) {
    const what = live.ended ? "Nothing was recorded" : "No batch has been scheduled yet";
    text.push([dim(` ${what}`)]);
  }
  return [...text, hookLine(live)];
}

/** Widths of what stands before a chart and behind it, and of a terminal that has room for both. */
const VALUES = 43;
const NOTES = 44;
const BOTH = 108;

function lineOf(shown: Shown, title: string, chart: number, said: boolean): Piece[] {
  return [
    { text: ` ${title.padEnd(13)}`, style: "bold" },
    { text: shown.name.padEnd(13) },
    { text: shown.value.padStart(15), style: shown.tone },
    ...(chart === 0 ? [] : [{
      text: `  ${sparkline(shown.points(chart), shown.top).padEnd(chart)}`,
      style: shown.tone === "plain" ? "chart" as const : shown.tone,
    }]),
    dim(said && shown.note ? `  ${shown.note}` : ""),
  ];
}

function hookLine(live: LiveSession): Piece[] {
  const { attached, failed, droppedRows, silent, troubles, costPct } = hookHealth(live);
  const said = [
    `${attached} attached`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(silent.length > 0 ? [`silent: ${silent.map(({ name }) => name).join(", ")}`] : []),
    `${figure(droppedRows)} rows dropped`,
    ...(costPct === undefined ? [] : [`${costPct.toFixed(2)} % of the time`]),
    ...(troubles.length > 0 ? [`${troubles.length} troubles (see hooks)`] : []),
  ];
  const bad = failed > 0 || droppedRows > 0 || troubles.length > 0;
  return [
    { text: ` ${"Hooks".padEnd(13)}`, style: "bold" },
    { text: said.join(", "), style: bad ? "bad" : silent.length > 0 ? "notice" : "plain" },
  ];
}

/** Cuts lines to the width, fills up to the height, and colours them. */
function fit(lines: readonly Piece[][], { columns, rows, color }: Canvas): string[] {
  const text = lines.slice(0, rows).map((pieces) => {
    let left = columns;
    return pieces.map(({ text, style = "plain" }) => {
      const cut = [...text].slice(0, left);
      left -= cut.length;
      const code = STYLES[style];
      return color && code && cut.length > 0 ? `\x1b[${code}m${cut.join("")}\x1b[0m` : cut.join("");
    }).join("");
  });
  return [...text, ...Array.from({ length: rows - text.length }, () => "")];
}

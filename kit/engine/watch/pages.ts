/**
 * The pages behind the overview: experts by layer, hooks by process, help.
 *
 * @module
 */

import type { LiveSession } from "../../analysis/live/live_session.ts";
import { THRESHOLDS } from "../../analysis/thresholds.ts";
import { Samples } from "../../bundle/merge/samples.ts";
import { hookHealth } from "./health.ts";
import type { Piece } from "./screen.ts";
import { sparkline } from "./sparkline.ts";
import { figure } from "./words.ts";

const dim = (text: string): Piece => ({ text, style: "dim" });

/** A line for each layer: its balance, and the load of its experts, each as high as its share. */
export function expertLines(live: LiveSession, columns: number): Piece[][] {
  const layers = live.expertLoads;
  if (layers.length === 0) {
    return [[dim(" No router of a mixture-of-experts layer has been counted in this session")]];
  }
  return [
    [{ text: " layer   max/min  deviation   idle  load of each expert", style: "bold" }],
    ...layers.map(({ labels, loads }): Piece[] => {
      const { mean, std, min, max } = Samples.of(loads).statistics()!;
      const ratio = min > 0 ? max / min : undefined;
      const deviation = mean > 0 ? std / mean : undefined;
      const uneven = (ratio ?? Infinity) > THRESHOLDS.expertRatio.value ||
        (deviation ?? 0) > THRESHOLDS.expertDeviation.value;
      const idle = loads.filter((load) => load === 0).length;
      return [
        { text: ` ${(labels["layer"] ?? "").padStart(5)}` },
        { text: figure(ratio).padStart(10), style: uneven ? "notice" : "good" },
        { text: figure(deviation).padStart(11) },
        { text: figure(idle).padStart(7), style: idle > 0 ? "notice" : "plain" },
        { text: `  ${sparkline(joined(loads, Math.max(8, columns - 38)))}` },
      ];
    }),
  ];
}

/** Neighbours joined to their mean, where there is no room for all. */
function joined(loads: readonly number[], room: number): number[] {
  const width = Math.ceil(loads.length / room);
  return Array.from({ length: Math.ceil(loads.length / width) }, (_, place) => {
    const part = loads.slice(place * width, (place + 1) * width);
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
}

/** Each process with its hooks, and what is wrong with them. */
export function hookLines(live: LiveSession, columns: number): Piece[][] {
  const { silent, troubles } = hookHealth(live);
  const lines = live.processes.flatMap((process): Piece[][] => {
    const names = (status: string) => [
      ...new Set(process.hooks.filter((hook) => hook.status === status).map(({ name }) => name)),
    ];
    const failed = names("failed");
    const dropped = Object.values(process.dropped).reduce((a, b) => a + b, 0);
    const [first = "no hook", ...more] = inLines(names("attached"), columns - NAME - 2);
    const beside = (piece: Piece): Piece[] => [{ text: " ".repeat(NAME + 1) }, piece];
    return [
      [
        { text: ` ${process.name.padEnd(NAME)}`, style: "bold" },
        { text: process.ended_sec == null ? first : `ended; ${first}` },
      ],
      ...more.map((text) => beside({ text })),
      ...(failed.length > 0
        ? [beside({ text: `failed: ${failed.join(", ")}`, style: "bad" })]
        : []),
      ...(dropped > 0 ? [beside({ text: `${figure(dropped)} rows dropped`, style: "bad" })] : []),
    ];
  });
  if (lines.length === 0) lines.push([dim(" No process has loaded the hooks yet")]);
  for (const { name, reasons } of silent) {
    lines.push([{ text: ` ${name} records nothing: ${reasons[0] ?? ""}`, style: "notice" }]);
  }
  for (const trouble of troubles) lines.push([{ text: ` ${trouble}`, style: "bad" }]);
  return lines;
}

/** Width of the processes' names. */
const NAME = 20;

/** Words with commas between them, in lines of at most `width` signs. */
function inLines(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [place, word] of words.entries()) {
    const text = place < words.length - 1 ? `${word},` : word;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width - 7) {
      lines[lines.length - 1] = `${last} ${text}`;
    } else {
      lines.push(text);
    }
  }
  return lines;
}

/** What the keys do and what the values are. */
export function helpLines(): Piece[][] {
  const { kvLow, kvGoodFrom, kvGoodTo, kvHigh, graphCoverage, expertDeviation } = THRESHOLDS;
  return [
    " ←  →  Tab  1 2 3   another page",
    " w                  charts of the last seconds, or of the whole session",
    " p  Space           hold the view; the session is followed all the same",
    " q  Ctrl-C          leave; the session goes on",
    " ?  Esc             this page, and back",
    "",
    " While the session runs, values are of the last 10 seconds, and a bar is a second;",
    " afterwards values are of the whole session.",
    ` KV cache: below ${kvLow.value} % low, ${kvGoodFrom.value} to ${kvGoodTo.value} % good, above ` +
    `${kvHigh.value} % critical: requests soon wait or are preempted.`,
    ` CUDA graphs: ${graphCoverage.value} % of the passes should replay one.`,
    ` Experts: deviation of a layer's load over its mean; above ${expertDeviation.value} is uneven.`,
  ].map((text) => [{ text }]);
}

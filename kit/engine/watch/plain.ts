/**
 * The state of a session as lines of plain text, for pipes and logs.
 *
 * @module
 */

import type { LiveSession } from "../../analysis/live/live_session.ts";
import { hookHealth } from "./health.ts";
import { overview } from "./readings.ts";
import { figure, span } from "./words.ts";

/** One line: what stands in the overview, without charts. */
export function plainLine(live: LiveSession): string {
  const values = overview(live, "recent")
    .map(({ group, name, value }) => `${shortName(group, name)} ${value}`);
  const { failed, droppedRows } = hookHealth(live);
  return [
    span(live.now).padStart(12),
    values.length > 0 ? values.join(", ") : "nothing scheduled yet",
    ...(failed > 0 || droppedRows > 0
      ? [`${failed} hooks failed, ${figure(droppedRows)} rows dropped`]
      : []),
  ].join("  ");
}

function shortName(group: string, name: string): string {
  const named: Record<string, string> = {
    "KV cache": "KV",
    "CUDA graphs": "graphs",
    Experts: "expert deviation",
  };
  return named[group] ?? name;
}

/** All lines of the overview. */
export function plainText(live: LiveSession): string {
  const { attached, absent, failed, droppedRows } = hookHealth(live);
  return [
    `${live.dir}: ${live.status}, ${span(live.now)}`,
    ...overview(live, "whole").map(({ group, name, value, note }) =>
      `${group.padEnd(13)} ${name.padEnd(13)} ${value.padStart(16)}  ${note}`.trimEnd()
    ),
    `${"Hooks".padEnd(13)} ${attached} attached, ${absent} absent, ${failed} failed, ` +
    `${figure(droppedRows)} rows dropped`,
  ].join("\n");
}

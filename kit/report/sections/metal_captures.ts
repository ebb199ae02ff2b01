/**
 * The captures of a Metal bundle: how to open them, and what was expected of them.
 *
 * @module
 */

import type { CaptureRecord } from "../../bundle/manifest.ts";
import type { MetalRecord } from "../../bundle/metal_record.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { figure, size, withUnit } from "../format.ts";
import { html } from "../html.ts";
import { type BundleSource, type Section, table, titled } from "../section.ts";

/** What a section of a capture's page may use. */
export interface MetalSource extends BundleSource {
  /** Absent in a bundle that was cut short. */
  record: MetalRecord | undefined;
}

/** The path as a person on that machine types it. */
function absolutePath(dir: string, { path }: CaptureRecord): string {
  return path.startsWith("/") ? path : `${dir}/${path}`;
}

/** One table row a trace, and the commands. */
export const metalCaptures: Section<MetalSource> = ({ record, dir }) => {
  if (!record || record.captures.length === 0) {
    return titled("captures", "Captures", html`<p>No capture was begun.</p>`);
  }
  const good = record.captures.flatMap(({ verified, traces }) => verified ? traces : []);
  return titled(
    "captures",
    "Captures",
    good.length === 0
      ? html`<p>No trace was verified: there is nothing to open with confidence.</p>`
      : html`<p>Open in Xcode, on the Mac that holds the bundle:</p>
<pre class="command">${
        good.map((trace) => `open ${shellWord(absolutePath(dir, trace))}`).join("\n")
      }</pre>`,
    table(
      "Traces, with the length of their files and what those occupy on the disk",
      ["capture#", "trace", "verified", "files#", "length#", "on disk#", "tokens#", "request#"],
      record.captures.flatMap((capture) => {
        const rows = capture.traces.length > 0 ? capture.traces : [undefined];
        return rows.map((trace) => [
          String(capture.number),
          trace ? html`<code>${trace.path}</code>` : "none",
          capture.verified ? "yes" : "no: see the findings",
          figure(trace?.files),
          trace ? size(trace.apparent_bytes) : "–",
          trace?.allocated_bytes === undefined ? "–" : size(trace.allocated_bytes),
          figure(capture.completion_tokens),
          withUnit(capture.request_seconds, "s"),
        ]);
      }),
    ),
    html`<p class="note">The files of a trace are sparse: their lengths add up to more than they
occupy. A copy that fills the holes takes the whole length; <code>cp -c</code> keeps them.</p>`,
  );
};

/** What was expected, and what it came to. */
export const metalEstimate: Section<MetalSource> = ({ record }) => {
  if (!record) return undefined;
  const { estimate, uncaptured_seconds: alone } = record;
  const taken = record.captures.filter(({ verified }) => verified);
  const seconds = sum(taken.map(({ request_seconds }) => request_seconds));
  const bytes = sum(
    taken.flatMap(({ traces }) => traces.map(({ allocated_bytes }) => allocated_bytes)),
  );
  const slower = alone && seconds !== undefined && taken.length > 0
    ? seconds / taken.length / alone
    : undefined;
  return titled(
    "estimate",
    "Expected and taken",
    table(
      `${taken.length} of ${estimate.captures} captures verified`,
      ["", "expected#", "taken#"],
      [
        [
          "Disk",
          `${size(estimate.expected_bytes)} to ${size(estimate.upper_bytes)}`,
          bytes === undefined ? "–" : size(bytes),
        ],
        ["Captured requests", withUnit(estimate.seconds, "s"), withUnit(seconds, "s")],
        ["Slower than without a capture", "50 to 100 times", withUnit(slower, "times")],
      ],
    ),
    html`<ul>${estimate.basis.map((sentence) => html`<li>${sentence}</li>`)}</ul>`,
  );
};

/** What the guards found before anything was started. */
export const metalGuards: Section<MetalSource> = ({ record }) =>
  !record ? undefined : titled(
    "guards",
    "Before the start",
    table(
      "What the guards found",
      ["guard", "outcome", "found"],
      record.guards.map(({ name, outcome, found }) => [name, outcome, found]),
    ),
  );

/** Sum of what is known; undefined where nothing is. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
}

/**
 * Every dependency of vscope, by its full and exact specifier.
 *
 * No other file may name an `npm:` package (tests/house_test.ts holds this), because a recipe run
 * from a URL has no import map, and because one list is what a person audits. Each is loaded by a
 * call, so that `vscope --help` pays for none of them.
 *
 * @module
 */

/** YAML reader and writer: `vscope.yaml`. */
export const loadYaml = () => import("npm:js-yaml@4.3.2");

/** Edit distance, for "did you mean". */
export const loadLevenshtein = () => import("npm:fastest-levenshtein@1.0.16");

/** Terminal tables. */
export const loadTable = () => import("npm:cli-table3@0.6.5");

/** Streaming CSV reader. */
export const loadCsv = async (): Promise<CsvParser> =>
  (await import("npm:papaparse@5.7.1")).default as CsvParser;

/** The part of papaparse that is used: it brings no types of its own. */
export interface CsvParser {
  parse(
    text: string,
    options: { delimiter: string; skipEmptyLines: boolean },
  ): { data: string[][] };
}

/** Streaming tar reader: bundles from standard input. */
export const loadTar = () => import("npm:modern-tar@0.8.6");

/** Parquet writer, a row group at a time. */
export const loadParquetWriter = () => import("npm:hyparquet-writer@0.17.0");

/** Streaming XML reader: exports of Instruments are too large for a document. */
export const loadXml = () => import("npm:saxes@6.0.0");

/** JUnit documents, as CI servers read them: its writer takes out what XML cannot hold. */
export const loadJunit = async (): Promise<JunitReports> =>
  (await import("npm:junit-report-builder@5.1.2")).default as unknown as JunitReports;

/** The part of junit-report-builder that is used. */
export interface JunitReports {
  newBuilder(): { testSuite(): JunitSuite; build(): string };
}

/** A suite that is being written. */
export interface JunitSuite {
  name(name: string): JunitSuite;
  property(name: string, value: string): JunitSuite;
  testCase(): JunitCase;
}

/** A case that is being written; it passed, unless something else is said. */
export interface JunitCase {
  className(name: string): JunitCase;
  name(name: string): JunitCase;
  failure(message: string, type: string): JunitCase;
  skipped(): JunitCase;
  standardOutput(text: string): JunitCase;
}

/** Static charts, drawn as SVG while a report is written. */
export const loadPlot = () => import("npm:@observablehq/plot@0.6.17");

/** The document that the static charts are drawn into. */
export const loadDom = () => import("npm:linkedom@0.18.15");

/** The browser's half of the charts (hover and zoom), as text to be placed in a page. */
export const loadChartScript = async (): Promise<{ script: string; style: string }> => ({
  script: (await import("npm:uplot@1.6.32/dist/uPlot.iife.min.js", { with: { type: "text" } }))
    .default as unknown as string,
  style: (await import("npm:uplot@1.6.32/dist/uPlot.min.css", { with: { type: "text" } }))
    .default as unknown as string,
});

/** Priority queue: a fleet's next free GPU. */
export const loadPriorityQueue = async () => (await import("npm:tinyqueue@3.0.0")).default;

/** Makes zip archives, which is what Ray unpacks on its nodes. */
export const loadZip = () => import("npm:fflate@0.8.3");

/** Signs requests to S3 and what speaks as it does: 11 KB, where a whole client is many times that. */
export const loadAws = () => import("npm:aws4fetch@1.0.20");

/**
 * From what ncu left to what the bundle keeps: the table, its analysis, the report.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import { formatBytes } from "../../contract/quantities.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { analyzeCapture } from "../../analysis/capture/analyze.ts";
import { ANALYSIS_NAME } from "../../analysis/capture/stored.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import type { OpenCapture } from "../capture_run.ts";
import { lastLines } from "../system/log_tail.ts";
import type { FoundTool } from "../nvidia/find_tool.ts";
import { foundIn, type Needle, type Plants } from "../nvidia/secrets.ts";
import type { NcuCapture } from "./capture_facts.ts";
import { importArgv } from "./command.ts";
import type { KernelFilter } from "./kernel_filter.ts";
import { REPORT, TABLE } from "./plan.ts";

/** What is needed to make a bundle of a report. */
export interface Collection {
  ncu: FoundTool;
  plants: Plants;
  capture: NcuCapture;
  filter: KernelFilter;
  keepRep: boolean;
  timeoutSec: number;
  /** Why the report cannot be proven to hold no secret; absent where it can. */
  unproven?: string;
}

/** What ncu says while it prints a report; within the bundle. */
const IMPORT_LOG = "logs/import.log";

/**
 * Brings the report into the bundle; what goes wrong becomes a note. May be done again after a vscope
 * was killed within it.
 */
export async function collectReport(
  context: RunContext,
  bundle: OpenCapture,
  collection: Collection,
): Promise<void> {
  const { files } = context;
  const report = `${bundle.dir}/${REPORT}.ncu-rep`;
  const there = await isThere(files, report);
  try {
    // Where the report has gone already the table is whole.
    if (there || collection.capture.table === undefined) {
      await printTable(context, bundle, collection);
    }
    bundle.captured = true;
    await analyze(context, bundle, collection);
  } catch (error) {
    if (!(error instanceof RunError) && !(error instanceof UsageError)) throw error;
    bundle.note("error", messageOf(error));
  }
  // The report may be gone after this: the manifest knows of the table first.
  await writeManifest(files, bundle.dir, bundle.manifest);
  if (there) await judge(context, bundle, collection);
}

async function printTable(
  context: RunContext,
  bundle: OpenCapture,
  { ncu, plants, capture, timeoutSec }: Collection,
): Promise<void> {
  const report = `${bundle.dir}/${REPORT}.ncu-rep`;
  const table = `${bundle.dir}/${TABLE}`;
  const { size } = await context.files.stat(report);
  // What is printed is appended.
  await context.files.remove(table).catch(() => {});
  context.output.progress(`Printing ${formatBytes(size)} as a table`);
  await print(context, {
    argv: importArgv(ncu.path, report, "raw"),
    env: plants.environment.env,
    stdoutPath: table,
    log: `${bundle.dir}/${IMPORT_LOG}`,
    timeoutSec,
  });
  const bytes = (await context.files.stat(table)).size;
  if (bytes === 0) {
    await context.files.remove(table);
    throw new RunError(`Cannot print the report: ncu printed no table of ${REPORT}.ncu-rep`);
  }
  const found = await foundIn(context.files, table, plants.needles);
  if (found.length > 0) {
    await context.files.remove(table);
    throw new RunError(`The table holds ${found[0]!.what}; it is not kept`);
  }
  capture.table = TABLE;
  bundle.manifest.captures = [{ path: TABLE, files: 1, apparent_bytes: bytes }];
}

interface Printing {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  stdoutPath: string;
  log: string;
  timeoutSec: number;
}

/** Runs ncu to print a report: straight into a file, for a table may be large. */
async function print(
  context: RunContext,
  { argv, env, stdoutPath, log, timeoutSec }: Printing,
): Promise<void> {
  const process = await context.processes.start({
    argv,
    env,
    inherit: false,
    stdoutPath,
    stderrPath: log,
  });
  const enough = new AbortController();
  const late = context.clock.sleep(1000 * timeoutSec, enough.signal).then(() => "late" as const);
  const first = await Promise.race([process.ended, late]);
  enough.abort();
  const end = await process.end(first === "late" ? 1000 : 0);
  if (first === "late") {
    throw new RunError(
      `Cannot print the report: ncu was not done after ${timeoutSec} s; give it more with ` +
        "--stop-timeout",
    );
  }
  if (end.lostOutputBytes) {
    throw new RunError("Cannot print the report: the disk is full; make room for the bundle");
  }
  if (end.code === 0 && end.signal === null) return;
  // ncu complains on either.
  const lines = [...await lastLines(context.files, log, 3)];
  lines.push(...await lastLines(context.files, stdoutPath, 3));
  const said = lines.filter((line) => line.startsWith("==")).at(-1) ?? lines.at(-1);
  throw new RunError(
    `Cannot print the report: "${argv[0]} --import" ended with ${
      end.signal ?? `exit code ${end.code}`
    } (${said?.slice(0, 300) ?? "it said nothing"})`,
  );
}

async function analyze(
  context: RunContext,
  bundle: OpenCapture,
  { capture, filter }: Collection,
): Promise<void> {
  const analysis = await analyzeCapture(context.files, [`${bundle.dir}/${TABLE}`], {
    progress: (text) => context.output.progress(`Reading ${text}`),
    ...(filter.only ? { only: filter.only } : {}),
  });
  const left = analysis.ncu_left_out ?? [];
  if (left.length > 0) {
    capture.kernels.left_out = Object.fromEntries(
      left.map(({ category, launches }) => [category, launches]),
    );
    bundle.note(
      "info",
      `Launches that ncu's expression matched and the rules know as another kind are left out of the ` +
        `analysis: ${
          left.map(({ category, launches }) => `${launches} of ${category}`).join(", ")
        }; ` +
        `they are in ${TABLE}`,
    );
  }
  const there = (analysis.ncu_kernels ?? []).length +
    left.reduce((sum, { launches }) => sum + launches, 0);
  const { measured = there } = capture.kernels;
  // One under way when Ctrl-C came has no figures.
  if (there < measured && !context.signal.aborted) {
    bundle.note("error", `The table has ${there} of the ${measured} launches that ncu measured`);
  }
  const path = `${bundle.dir}/${ANALYSIS_NAME}`;
  await context.files.writeTextFile(`${path}.tmp`, JSON.stringify(analysis, null, 1) + "\n");
  await context.files.rename(`${path}.tmp`, path);
}

/** Keeps the report where nothing was found in it, or where a person wants it all the same. */
async function judge(
  context: RunContext,
  bundle: OpenCapture,
  collection: Collection,
): Promise<void> {
  const { plants, capture, keepRep, unproven } = collection;
  const report = `${bundle.dir}/${REPORT}.ncu-rep`;
  context.output.progress("Looking for secrets in the report");
  const found = new Set(await foundIn(context.files, report, plants.needles));
  for (const needle of await inSession(context, report, collection)) found.add(needle);
  const names = [...found].map(({ what }) => what);
  if (unproven !== undefined) names.push(unproven);
  capture.secrets = {
    variables_left_behind: Object.keys(plants.environment.left).length,
    found_in_report: names,
  };
  const printed = capture.table !== undefined;
  if (names.length > 0 && !keepRep && printed) {
    await context.files.remove(report);
    bundle.note(
      "info",
      `The .ncu-rep is not kept: it holds environments of processes (${
        some(names)
      }); ${TABLE} has ` +
        "every metric, without them; --keep-rep keeps the .ncu-rep too",
    );
    return;
  }
  capture.report = `${REPORT}.ncu-rep`;
  capture.open_with = `ncu-ui ${shellWord(report)}`;
  if (names.length > 0) {
    bundle.note(
      "warning",
      `${REPORT}.ncu-rep holds environments of processes (${some(names)})${
        printed ? "" : ", and is kept because it could not be printed"
      }: do not pass it on`,
    );
  }
}

/** Looks through what ncu itself says of the run: a report may be packed. */
async function inSession(
  context: RunContext,
  report: string,
  { ncu, plants, timeoutSec }: Collection,
): Promise<Needle[]> {
  const { stdout, stderr } = await context.processes.capture(
    importArgv(ncu.path, report, "session"),
    { env: plants.environment.env, inherit: false, timeoutMs: 1000 * timeoutSec },
  );
  const text = stdout + stderr;
  return plants.needles.filter((needle) => text.includes(needle.text));
}

function some(found: readonly string[]): string {
  return found.length <= 3
    ? found.join(", ")
    : `${found.slice(0, 2).join(", ")} and ${found.length - 2} more`;
}

/**
 * From what nsys left to what the bundle keeps: import, export, removal of environments, analysis.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { formatBytes } from "../../contract/quantities.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { analyzeCapture } from "../../analysis/capture/analyze.ts";
import { ANALYSIS_NAME } from "../../analysis/capture/stored.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import type { OpenCapture } from "../capture_run.ts";
import type { NsysCapture } from "./capture_facts.ts";
import { exportArgv } from "./command.ts";
import { findImporter, type FoundNsys, installedNsys } from "./find_nsys.ts";
import { REPORT } from "./plan.ts";
import { scrubExport } from "./scrub.ts";
import { foundIn, type Plants } from "../nvidia/secrets.ts";

/** What is needed to make a bundle of a report. */
export interface Collection {
  nsys: FoundNsys;
  plants: Plants;
  capture: NsysCapture;
  keepRep: boolean;
  timeoutSec: number;
  /** Why the report cannot be proven to hold no secret; absent where it can. */
  unproven?: string;
}

/** Whether nsys left anything. */
export async function reportLeft(context: RunContext, dir: string): Promise<boolean> {
  return await sizeOf(context, `${dir}/${REPORT}.nsys-rep`) > 0 ||
    await sizeOf(context, `${dir}/${REPORT}.qdstrm`) > 0;
}

/** Bytes of a file; 0 where there is none. */
export async function sizeOf(context: RunContext, path: string): Promise<number> {
  return await context.files.stat(path).then(({ size }) => size, () => 0);
}

/** Brings the report into the bundle; what goes wrong becomes a note. */
export async function collectReport(
  context: RunContext,
  bundle: OpenCapture,
  collection: Collection,
): Promise<void> {
  if (await exportRecording(context, bundle, collection)) await analyzeExport(context, bundle);
}

/**
 * Exports the report, takes environments out of the export, and judges whether the report is kept.
 * What goes wrong becomes a note. May be done again after a vscope was killed within it.
 *
 * @returns Whether there is an export.
 */
export async function exportRecording(
  context: RunContext,
  bundle: OpenCapture,
  collection: Collection,
): Promise<boolean> {
  const { dir, manifest } = bundle;
  const report = `${dir}/${REPORT}.nsys-rep`;
  const sqlite = `${dir}/${REPORT}.sqlite`;
  if (collection.capture.sqlite === undefined) {
    await noted(bundle, async () => {
      await importRecording(context, dir, collection);
      await exportReport(context, bundle, collection, report, sqlite);
      await takeOut(context, bundle, collection, sqlite);
      bundle.captured = true;
      // The report may be gone after this: the manifest knows of the export first.
      await writeManifest(context.files, dir, manifest);
    });
  }
  if (await sizeOf(context, report) > 0) await judge(context, bundle, collection, report);
  return collection.capture.sqlite !== undefined;
}

/** Makes the analysis of the export; what goes wrong becomes a note. */
export async function analyzeExport(context: RunContext, bundle: OpenCapture): Promise<void> {
  await noted(bundle, () => analyze(context, bundle, `${bundle.dir}/${REPORT}.sqlite`));
}

async function noted(bundle: OpenCapture, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RunError) && !(error instanceof UsageError)) throw error;
    bundle.note("error", messageOf(error));
  }
}

/** An nsys without its importer leaves what it recorded as it is. */
async function importRecording(
  context: RunContext,
  dir: string,
  { nsys, timeoutSec }: Collection,
): Promise<void> {
  const raw = `${dir}/${REPORT}.qdstrm`;
  const report = `${dir}/${REPORT}.nsys-rep`;
  if (await sizeOf(context, report) > 0 || await sizeOf(context, raw) === 0) return;
  const importer = await findImporter(context, nsys.path);
  if (importer === undefined) {
    throw new RunError(
      `This nsys has no importer: what it recorded is ${raw}; on a machine with Nsight Systems, ` +
        `import it: QdstrmImporter -i ${shellWord(raw)}`,
    );
  }
  context.output.progress("Importing the recording");
  await tool(context, [importer, "-i", raw, "-o", report], timeoutSec, "import the recording");
  await context.files.remove(raw);
}

/** Exports with the nsys that recorded, or with another of this machine. */
async function exportReport(
  context: RunContext,
  bundle: OpenCapture,
  { nsys, plants, timeoutSec }: Collection,
  report: string,
  sqlite: string,
): Promise<void> {
  const others = (await installedNsys(context)).filter((path) => path !== nsys.path);
  let failure: RunError | undefined;
  for (const path of [nsys.path, ...others]) {
    context.output.progress(`Exporting ${formatBytes(await sizeOf(context, report))} to SQLite`);
    try {
      // The journal of an export that was killed would be rolled back into the new one.
      for (const ending of ["", "-journal", "-wal", "-shm"]) {
        await context.files.remove(sqlite + ending).catch(() => {});
      }
      const argv = exportArgv(path, report, sqlite);
      await tool(context, argv, timeoutSec, "export the report", plants.environment.env);
      if (await sizeOf(context, sqlite) > 0) {
        if (failure) bundle.note("info", `${path} exported the report: ${messageOf(failure)}`);
        return;
      }
      failure ??= new RunError(`Cannot export the report: ${path} wrote no ${sqlite}`);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      failure ??= error;
    }
  }
  throw failure!;
}

async function tool(
  context: RunContext,
  argv: readonly string[],
  timeoutSec: number,
  what: string,
  env?: Readonly<Record<string, string>>,
): Promise<void> {
  const start = context.clock.monotonicMs();
  const { code, stdout, stderr } = await context.processes.capture(argv, {
    timeoutMs: 1000 * timeoutSec,
    ...(env ? { env, inherit: false } : {}),
  });
  if (code === 0) return;
  if (context.clock.monotonicMs() - start >= 1000 * timeoutSec) {
    throw new RunError(
      `Cannot ${what}: it was not done after ${timeoutSec} s; give it more with --stop-timeout`,
    );
  }
  const said = `${stdout}\n${stderr}`.trim();
  const library = /(lib[\w.+-]+\.so[\w.]*): cannot open shared object/.exec(said)?.[1];
  throw new RunError(
    `Cannot ${what}: ${argv[0]} ended with exit code ${code} (${
      said.split(/[\r\n]+/).at(-1)?.slice(0, 300)
    })` +
      (library
        ? `; its importer lacks ${library}: install it (Debian: apt-get install libdw1 libelf1), ` +
          "and export the report again: nsys export --type=sqlite FILE.nsys-rep"
        : /No space left/.test(said)
        ? "; the disk is full"
        : ""),
  );
}

/** Takes environments out of the export, and makes sure that they are out; else it goes. */
async function takeOut(
  context: RunContext,
  bundle: OpenCapture,
  { plants, capture }: Collection,
  sqlite: string,
): Promise<void> {
  context.output.progress("Taking environments out of the export");
  try {
    const removed = scrubExport(sqlite, plants.needles);
    capture.secrets = {
      variables_left_behind: Object.keys(plants.environment.left).length,
      removed_from_sqlite: removed,
      found_in_report: [],
    };
    const left = await foundIn(context.files, sqlite, plants.needles);
    if (left.length > 0) {
      throw new RunError(
        `The export still holds ${left[0]!.what} after environments were taken out of it; it is ` +
          "not kept",
      );
    }
  } catch (error) {
    await context.files.remove(sqlite).catch(() => {});
    throw error;
  }
  capture.sqlite = `${REPORT}.sqlite`;
  bundle.manifest.captures = [{
    path: capture.sqlite,
    files: 1,
    apparent_bytes: await sizeOf(context, sqlite),
  }];
}

async function analyze(
  context: RunContext,
  bundle: OpenCapture,
  sqlite: string,
): Promise<void> {
  const progress = (text: string) => context.output.progress(`Reading ${text}`);
  const analysis = await analyzeCapture(context.files, [sqlite], { progress });
  const path = `${bundle.dir}/${ANALYSIS_NAME}`;
  await context.files.writeTextFile(`${path}.tmp`, JSON.stringify(analysis, null, 1) + "\n");
  await context.files.rename(`${path}.tmp`, path);
  if (!analysis.gpu) {
    bundle.note(
      "error",
      "The recording holds no kernel: nothing ran on a GPU while it lasted, or nsys could not " +
        "trace CUDA; report.html has what nsys says of its recording",
    );
  }
}

/** Keeps the report where nothing was found in it, or where a person wants it all the same. */
async function judge(
  context: RunContext,
  bundle: OpenCapture,
  { plants, capture, keepRep, unproven }: Collection,
  report: string,
): Promise<void> {
  context.output.progress("Looking for secrets in the report");
  const found = (await foundIn(context.files, report, plants.needles)).map(({ what }) => what);
  if (unproven !== undefined) found.push(unproven);
  if (capture.secrets) capture.secrets.found_in_report = found;
  const exported = capture.sqlite !== undefined;
  if (found.length > 0 && !keepRep && exported) {
    await context.files.remove(report);
    bundle.note(
      "info",
      `The .nsys-rep is not kept: nsys wrote environments of processes into it (${some(found)}); ` +
        "the export has what was recorded, without them; --keep-rep keeps the .nsys-rep too",
    );
    return;
  }
  capture.report = `${REPORT}.nsys-rep`;
  capture.open_with = `nsys-ui ${shellWord(report)}`;
  if (found.length > 0) {
    bundle.note(
      "warning",
      `${REPORT}.nsys-rep holds environments of processes (${some(found)})${
        exported ? "" : ", and is kept because it could not be exported"
      }: do not pass it on`,
    );
  }
}

function some(found: readonly string[]): string {
  return found.length <= 3
    ? found.join(", ")
    : `${found.slice(0, 2).join(", ")} and ${found.length - 2} more`;
}

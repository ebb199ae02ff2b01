/**
 * A job on the cluster: one model at one TP degree, measured where Ray put it, with its results sent home.
 *
 * @module
 */

import type { Plan } from "../../contract/recipe.ts";
import type { FileSystem, RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import { loadYaml } from "../../deps.ts";
import {
  END_NAME,
  HOME_JOURNAL,
  ORDER_NAME,
  UNIT_FOLDER,
  type UnitEnd,
  type UnitOrder,
} from "../../fleet/unit_job.ts";
import { KEY_VARIABLES, s3KeysOf } from "../../fleet/s3_place.ts";
import { writeWhole } from "../../bundle/files/whole_file.ts";
import { parseArchitecture } from "../../sweep/model/architecture.ts";
import { readModelConfig } from "../../sweep/model/model_config.ts";
import type { sweepOptions } from "../../sweep/options.ts";
import { planSweep } from "../../sweep/plan/plan.ts";
import { diskFull } from "../disk_full.ts";
import { lastLines } from "../system/log_tail.ts";
import { Redactor, secretsOf } from "../redact.ts";
import { sweepSettings, type SweepSubject } from "../../sweep/plan/settings.ts";
import { allShots } from "../../fleet/all_shots.ts";
import { isIn, placed } from "../../fleet/parts.ts";
import { measureSweep, type SweepShare } from "../sweep/run.ts";
import { missing, settingsOf, type SweepState } from "../sweep/sweep_state.ts";
import { LogSink, type PieceSink, S3Sink } from "./piece_sink.ts";
import { PieceWriter } from "./piece_writer.ts";
import { openUnitFolder } from "./unit_folder.ts";
import { S3Client } from "./storage/s3_client.ts";

type Wanted = NonNullable<SweepShare["wanted"]>;

/** What comes home of an engine's log. */
const LOG_LINES = 200;
const LOG_BYTES = 16_384;

/** How many reasons are told. */
const TOLD = 2;

/**
 * Runs the unit whose package Ray has put on PYTHONPATH, or that lies in the folder of the first argument.
 * Returns the exit code: 0 where all shots were fired or set aside.
 */
export async function runUnit(args: readonly string[], context: RunContext): Promise<number> {
  const { files, output } = context;
  let dir: string;
  let order: UnitOrder;
  try {
    dir = await orderFolder(args[0], context);
    order = JSON.parse(await files.readTextFile(`${dir}/${ORDER_NAME}`));
  } catch (error) {
    output.error(messageOf(error));
    return 2;
  }
  const own = await openUnitFolder(files);
  const within: FileSystem = {
    ...files,
    makeTempDir: (options) => files.makeTempDir({ ...options, dir: own.dir }),
  };
  try {
    return await measureUnit(order, dir, order.folder ?? `${own.dir}/sweep`, {
      ...context,
      files: within,
    });
  } finally {
    await own.close();
  }
}

async function orderFolder(given: string | undefined, { env, files }: RunContext): Promise<string> {
  const paths = given === undefined
    ? (env["PYTHONPATH"] ?? "").split(":").filter(Boolean).map((path) => `${path}/${UNIT_FOLDER}`)
    : [given];
  for (const path of paths) {
    if (await isThere(files, `${path}/${ORDER_NAME}`)) return path;
  }
  throw new UsageError(
    `Cannot run a unit: no ${UNIT_FOLDER}/${ORDER_NAME} is on PYTHONPATH, where Ray puts the package of a job`,
  );
}

async function measureUnit(
  order: UnitOrder,
  dir: string,
  out: string,
  given: RunContext,
): Promise<number> {
  const { files } = given;
  // Progress would fill the log, which is read again and again.
  const context = { ...given, output: { ...given.output, progress: () => {} } };
  const home = (await files.stat(`${dir}/${HOME_JOURNAL}`).catch(() => undefined))?.size ?? 0;
  const writer = order.folder === undefined
    ? new PieceWriter(context, out, order.tp, home, sinkOf(order, context))
    : undefined;
  const following = writer?.follow();
  let end: UnitEnd;
  try {
    const plan = await planOf(order, dir, out, home > 0, context);
    const wanted = wantedOf(order, plan);
    const state = await measureSweep(plan, context, { degrees: [order.tp], wanted });
    end = endOf(state, order.tp, wanted, context.signal.aborted);
  } catch (error) {
    const known = diskFull(error, "what is measured") ?? error;
    const own = known instanceof UsageError || known instanceof RunError;
    const reason = own ? messageOf(known) : `vscope itself failed: ${messageOf(known)}`;
    const status = context.signal.aborted ? "interrupted" : "failed";
    const versions = { vscope: "", deno: "" };
    end = { status, reason, failed: [], notes: [], versions, devices: [] };
  } finally {
    writer?.stop();
    await following;
  }
  if (end.status !== "complete") end = { ...end, ...await engineLog(order, out, context) };
  if (writer) await writer.end(end);
  else await writeWhole(files, `${out}/${END_NAME}`, JSON.stringify(end));
  if (end.reason !== undefined) context.output.error(end.reason);
  return end.status === "failed" || end.status === "interrupted" ? 1 : 0;
}

/** The end of the engine's log, bounded, without secrets. */
async function engineLog(
  { tp }: UnitOrder,
  out: string,
  { files, env }: RunContext,
): Promise<{ log?: string }> {
  const lines = await lastLines(files, `${out}/logs/tp${tp}.log`, LOG_LINES).catch(() => []);
  if (lines.length === 0) return {};
  const redactor = new Redactor(secretsOf(env, []));
  const bytes = redactor.take(new TextEncoder().encode(`${lines.join("\n")}\n`));
  return { log: new TextDecoder().decode(bytes.slice(-LOG_BYTES)) };
}

/** Where the pieces go. The engine's processes are not to have the keys. */
function sinkOf({ s3 }: UnitOrder, context: RunContext): PieceSink {
  if (!s3) return new LogSink(context.output);
  const keys = s3KeysOf(context.env);
  if (!keys) {
    context.output.error("The job has no keys of the storage; results go through this log instead");
    return new LogSink(context.output);
  }
  for (const name of KEY_VARIABLES) Deno.env.delete(name);
  return new S3Sink(context, new S3Client(s3.place, keys), s3.folder);
}

/** The plan of the sweep, as it was made at home. */
async function planOf(
  order: UnitOrder,
  dir: string,
  out: string,
  goesOn: boolean,
  { cwd, env, clock }: RunContext,
): Promise<Plan<typeof sweepOptions>> {
  const { model, architecture, values, contract } = order;
  const { load } = await loadYaml();
  const found = {
    model: readModelConfig(model.id, model.from, model.text),
    architecture: parseArchitecture(architecture.name, architecture.text, load(architecture.text)),
  };
  return planSweep({ ...values, ...(goesOn ? { resumeFrom: dir } : {}) }, {
    command: [],
    common: {
      out,
      json: false,
      events: undefined,
      dryRun: false,
      config: undefined,
      quiet: false,
      verbose: false,
      color: false,
      help: false,
    },
    contract: { ...contract },
    cwd,
    env,
    startedAt: clock.now(),
    pid: Deno.pid,
    found,
  });
}

/** Which shots are the job's own. */
function wantedOf(
  { part, tp }: UnitOrder,
  { values, invocation }: Plan<typeof sweepOptions>,
): Wanted {
  if (part === undefined) return (needed) => [...needed];
  const settings = sweepSettings(values, invocation.found as SweepSubject);
  return (needed, facts) => {
    const all = placed(allShots(settingsOf(settings, facts), tp, new Set(facts.missing)));
    const own = new Set(all.filter((shot) => isIn(part, shot)).map(({ k }) => k));
    return needed.filter(({ k }) => own.has(k));
  };
}

function endOf(
  state: SweepState,
  tp: number,
  wanted: Wanted,
  interrupted: boolean,
): UnitEnd {
  const { manifest, engines } = state;
  const engine = engines.get(tp);
  const left = engine ? wanted(missing(state, tp, engine.facts), engine.facts).length : undefined;
  const failed = engine?.failed ?? [];
  const errors = manifest.notes.filter(({ severity }) => severity === "error");
  const told = (errors.length > 0 ? errors : manifest.notes).map(({ message }) => message);
  const status = interrupted
    ? "interrupted"
    : left === undefined || errors.length > 0
    ? "failed"
    : left > 0
    ? "partial"
    : "complete";
  return {
    status,
    ...(status === "complete" || told.length === 0
      ? {}
      : { reason: told.slice(0, TOLD).join("; ") }),
    failed,
    notes: manifest.notes,
    versions: manifest.versions,
    devices: manifest.devices,
  };
}

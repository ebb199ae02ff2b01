/**
 * `vscope sweep`: from the plan to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import {
  continueJournal,
  cutTornLine,
  type Journal,
  JOURNAL_NAME,
  readJournal,
  type SweepIdentity,
  type SweepLine,
} from "../../sweep/measure/journal.ts";
import { isPart } from "../../sweep/adaptive/sweep_part.ts";
import {
  conditionsOf,
  type GpuConditions,
  type GpuLook,
  throttlingOf,
} from "../../sweep/measure/gpu_conditions.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import { layerDefinitions } from "../../sweep/measure/times.ts";
import { layerKinds, oneOfEach } from "../../sweep/model/layer_kinds.ts";
import type { sweepOptions } from "../../sweep/options.ts";
import { engineArguments } from "../../sweep/plan/engine_arguments.ts";
import { lacksFirstDegree, sweepSettings, type SweepSubject } from "../../sweep/plan/settings.ts";
import { withVerbosity } from "../../sweep/verbosity.ts";
import { diskFull } from "../disk_full.ts";
import { writeSweepWorker } from "../python/hooks_package.ts";
import { openManifest } from "../open_manifest.ts";
import { onPath, type PythonFacts } from "../python/python_of.ts";
import { requireVllm } from "../python/require_vllm.ts";
import { absolute } from "../session/session_plan.ts";
import { acceptedTypes, checkTypes } from "./accepted_types.ts";
import { closeSweep } from "./close_sweep.ts";
import type { EngineFacts } from "./driver.ts";
import { checkIdentity, identityOf, knownIdentity, sha256 } from "./identity.ts";
import { GpuWatch } from "./gpu_watch.ts";
import { measureDegree } from "./measure_degree.ts";
import { shotsToFire } from "./next_shots.ts";
import { type OpenedFolder, openFolder } from "./sweep_bundle.ts";
import { findTimer, isNamedTimer } from "./timer.ts";
import { wholeSteps } from "./steps/of_run.ts";
import { engineRecord, keptEngine, note, type SweepState } from "./sweep_state.ts";

const PACKAGES = "packages";

/** What one run of a sweep carries along. */
interface SweepRun extends SweepState {
  readonly folder: OpenedFolder;
  /** By name, or of a file; that of the device where none is asked for. */
  readonly timer: string | undefined;
  /** TP degrees that are measured, in their order. */
  readonly degrees: readonly number[];
  /** Whether what vLLM prints is shown. */
  readonly verbose: boolean;
  /** What of the shots that the journal lacks is fired. */
  readonly wanted: NonNullable<SweepShare["wanted"]>;
  /** This run's line of the journal, once an engine told what it is. */
  line?: SweepLine;
}

/** A part of a sweep. */
export interface SweepShare {
  readonly degrees: readonly number[];
  /** Which of the shots that are missing at a TP degree; all of them otherwise. */
  wanted?(needed: readonly NeededShot[], facts: EngineFacts): NeededShot[];
}

/**
 * Runs a sweep, or goes on with the one in its folder.
 *
 * @throws {UsageError} where there is no vLLM, or the folder cannot be gone on with.
 */
export async function runSweep(
  plan: Plan<typeof sweepOptions>,
  context: RunContext,
): Promise<Outcome> {
  return await closeSweep(await measureSweep(plan, context), context.signal.aborted);
}

/**
 * Measures what the journal of the sweep's folder lacks, and leaves the folder open.
 *
 * @param only What of the sweep is measured, where the rest is measured elsewhere.
 * @throws {UsageError} where there is no vLLM, or the folder cannot be gone on with.
 */
export async function measureSweep(
  plan: Plan<typeof sweepOptions>,
  given: RunContext,
  only?: SweepShare,
): Promise<SweepState> {
  const { values, out, invocation } = plan;
  const context = { ...given, output: withVerbosity(given.output, values.verbosity) };
  const settings = sweepSettings(values, invocation.found as SweepSubject);
  const python = values.python ?? await onPath(context, "python3") ?? "python3";
  const facts = (await requireVllm(context, "sweep", [], python))!;
  checkTypes(settings.types, await acceptedTypes(context.files, facts.vllm_location!), facts);
  const timer = await findTimer(context, values.timer);
  await requireStable(context.files, out, settings.tpDegrees);
  const manifest = await openManifest(context, "sweep", plan, facts);
  const check = (found: Journal, dir: string) =>
    checkIdentity(dir, found, {
      ...versionOf(facts.vllm, found),
      ...knownIdentity(settings),
      ...(isNamedTimer(values.timer) ? { timer: values.timer } : {}),
    }, values.mix);
  const from = values.resumeFrom === undefined
    ? undefined
    : absolute(values.resumeFrom, context.cwd);
  const folder = await openFolder(context, out, { ...values, resumeFrom: from }, manifest, check);
  const { journal } = folder;
  const run: SweepRun = {
    context,
    dir: out,
    values,
    settings,
    manifest,
    invocation,
    folder,
    timer,
    journal,
    // 1 first: what is the same at every TP degree is measured there.
    degrees: (only?.degrees ?? settings.tpDegrees).toSorted((one, other) => one - other),
    verbose: invocation.common.verbose || values.verbosity === "--verbose",
    engines: new Map(),
    unfinished: false,
    wanted: only?.wanted ?? ((needed) => [...needed]),
  };
  context.output.note(
    `Measuring to ${out}` +
      (journal.shots.length > 0 ? `, which has ${journal.shots.length} shots` : ""),
  );
  const work = await context.files.makeTempDir({ prefix: "vscope-sweep-" });
  try {
    await measure(run, python, work, { ...facts, executable: python });
  } catch (error) {
    if (error instanceof UsageError && run.line === undefined && folder.undo) {
      // Of an engine that does not fit the folder: nothing is changed in it.
      await folder.undo();
      throw error;
    }
    const known = diskFull(error, "what is measured") ?? error;
    const own = known instanceof RunError || known instanceof UsageError;
    note(run, "error", own ? messageOf(known) : `vscope itself failed: ${messageOf(known)}`);
    run.unfinished = true;
  } finally {
    await context.files.remove(work, { recursive: true }).catch(() => {});
  }
  run.journal = await readJournal(context.files, out);
  return run;
}

/** A refresh may leave TP degree 1 out, of which the folder then has what all degrees share. */
async function requireStable(
  files: RunContext["files"],
  dir: string,
  tpDegrees: readonly number[],
): Promise<void> {
  if (tpDegrees.includes(1)) return;
  const { shots } = await readJournal(files, dir);
  if (!shots.some(({ tp }) => tp === 1)) throw lacksFirstDegree(tpDegrees);
}

/** The version as the folder has it, where only the build behind "+" may differ: packages and vLLM itself
 * do not always tell it alike. */
function versionOf(
  version: string | undefined,
  { sweeps }: Journal,
): Pick<SweepIdentity, "vllm_version"> | Record<never, never> {
  if (version === undefined) return {};
  const base = (text: string) => text.split("+")[0];
  const there = sweeps.find(({ identity }) => base(identity.vllm_version) === base(version));
  return { vllm_version: there?.identity.vllm_version ?? version };
}

async function measure(
  run: SweepRun,
  python: string,
  work: string,
  facts: PythonFacts,
): Promise<void> {
  const { context, settings, values } = run;
  const budget = new AbortController();
  const signal = AbortSignal.any([context.signal, budget.signal]);
  const timer = values.timeBudget === undefined
    ? undefined
    : setTimeout(() => budget.abort(), values.timeBudget * 1000);
  try {
    const packages = `${work}/${PACKAGES}`;
    await writeSweepWorker(context.files, packages);
    const model = `${work}/model`;
    await context.files.mkdir(model);
    await context.files.writeTextFile(`${model}/config.json`, settings.model.text);
    const { degrees } = run;
    const kinds = layerKinds(settings.model);
    for (const [index, tp] of degrees.entries()) {
      if (signal.aborted) break;
      const known = values.force ? undefined : keptEngine(run.folder.before, tp);
      if (known && shotsToFire(run, tp, known).length === 0) {
        context.output.note(`TP degree ${tp}: everything is there`);
        run.engines.set(tp, { facts: known, failed: [] });
        tellHeld(run, tp, known.conditions);
        continue;
      }
      const watch = new GpuWatch(context);
      const { facts, failed } = await measureDegree(context, {
        tp,
        place: index + 1,
        of: degrees.length,
        driver: {
          python,
          work,
          packages,
          log: `${run.dir}/logs/tp${tp}.log`,
          ...(run.verbose ? { echo: (line: string) => context.output.detail(line) } : {}),
        },
        request: {
          model,
          arguments: engineArguments(settings, tp),
          worker: {
            tp,
            sweep: nextNumber(run),
            iterations: values.measurementIterations,
            journal: `${run.dir}/${JOURNAL_NAME}`,
            catalog: settings.architecture.catalog,
            layers: oneOfEach(settings.model).num_hidden_layers,
            ...(kinds.length > 1 ? { layer_kinds: kinds } : {}),
            ...(values.targetError === undefined ? {} : { target_error: values.targetError }),
            ...(run.timer === undefined ? {} : { timer: run.timer }),
          },
        },
        async up(found, pid) {
          await up(run, tp, found, pid);
          await watch.start(found);
        },
        async needed(found, failed) {
          run.journal = await readJournal(context.files, run.dir);
          return run.wanted(shotsToFire(run, tp, found, failed), found);
        },
        rounds: isPart(values),
        died: (message) => note(run, "warning", message),
        signal,
      }).finally(async () => await recordConditions(run, tp, await watch.stop()));
      if (facts) run.engines.set(tp, { facts, failed });
    }
    await wholeSteps(run, { model, work, python: facts }, signal);
    if (budget.signal.aborted && !context.signal.aborted) {
      note(
        run,
        "warning",
        `The time budget of ${values.timeBudget} s is spent; the same command goes on`,
      );
    }
  } finally {
    clearTimeout(timer);
  }
}

function nextNumber({ journal, line }: SweepRun): number {
  return line?.sweep ?? Math.max(0, ...journal.sweeps.map(({ sweep }) => sweep)) + 1;
}

/** An engine is up: it must be of the folder's kind, and the journal is told of this run once. */
async function up(run: SweepRun, tp: number, facts: EngineFacts, pid: number): Promise<void> {
  const { context, settings, manifest } = run;
  const cpu = manifest.devices.find(({ kind }) => kind === "cpu")?.name ?? "cpu";
  const identity = identityOf(settings, facts, cpu);
  checkIdentity(run.folder.origin, run.journal, identity, run.values.mix);
  manifest.processes.push({ pid, role: "engine_core" });
  manifest.engine[`tp${tp}`] = engineRecord(facts);
  await writeManifest(context.files, run.dir, manifest);
  run.engines.set(tp, { facts, failed: [] });
  if (facts.unknown.length > 0) {
    note(run, "warning", `This vLLM does not know ${facts.unknown.join(", ")}; they were left out`);
  }
  if (run.line) {
    // The engine before this one may have died while it wrote.
    await cutTornLine(context.files, run.dir, await readJournal(context.files, run.dir));
    return;
  }
  run.line = {
    sweep: nextNumber(run),
    started_at: manifest.started_at,
    identity,
    layers: layerDefinitions(settings.architecture),
    ...(run.values.force
      ? { forced: settings.categories, forced_tp: settings.tpDegrees }
      : { forced: [] }),
    provenance: {
      torch: facts.torch,
      runner: facts.runner,
      ...(facts.lean ? { lean_passes: true } : {}),
      ...(facts.tokens === undefined ? {} : { tokens: facts.tokens }),
      architecture_sha256: sha256(settings.architecture.text),
      ...(facts.cuda === undefined ? {} : { cuda: facts.cuda }),
      ...(manifest.versions.driver === undefined ? {} : { driver: manifest.versions.driver }),
      // Which GPU it was is nobody's business; whether it was the same one is told by this.
      ...(facts.gpu_uuid === undefined ? {} : { gpu_uuid_sha256: sha256(facts.gpu_uuid) }),
    },
  };
  await run.folder.wipe();
  await continueJournal(context.files, run.dir, run.journal, run.line);
  run.journal = await readJournal(context.files, run.dir);
}

/** What was seen of the GPU goes into the journal, and is told where it makes times doubtful. */
async function recordConditions(run: SweepRun, tp: number, looks: readonly GpuLook[]) {
  const { context: { files }, dir, line, manifest } = run;
  const conditions = conditionsOf(looks);
  if (!conditions || !line) return;
  const record = manifest.engine[`tp${tp}`] as Record<string, unknown> | undefined;
  if (record) manifest.engine[`tp${tp}`] = { ...record, conditions };
  const { sweep } = line;
  const own = { ...conditions };
  await continueJournal(files, dir, await readJournal(files, dir), { sweep, tp, conditions: own });
  tellHeld(run, tp, conditions);
}

function tellHeld(run: SweepRun, tp: number, conditions: GpuConditions | undefined): void {
  const held = conditions && throttlingOf(conditions);
  if (held) note(run, "warning", `TP degree ${tp}: the GPU's clocks were held down by ${held}`);
}

/**
 * `vscope sweep-all --on`: the sweeps of a batch, measured by jobs of a Ray cluster.
 *
 * @module
 */

import { closeCapture } from "../../bundle/capture_bundle.ts";
import type { Manifest, StageRecord } from "../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../bundle/manifest_file.ts";
import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { VERSION } from "../../contract/version.ts";
import { costText } from "../../fleet/cost.ts";
import { type Resources, resourcesOf } from "../../fleet/ray.ts";
import { decisiveOf, orderOf } from "../../fleet/unit_job.ts";
import { submissionId, unitsOf } from "../../fleet/units.ts";
import { clusterAddress, placementsOf } from "../../fleet/where.ts";
import type { BatchJob } from "../../sweep/batch/jobs.ts";
import type { sweepAllOptions } from "../../sweep/batch/options.ts";
import { jobsOf } from "../../sweep/batch/plan.ts";
import { withVerbosity } from "../../sweep/verbosity.ts";
import { outcomeOf } from "../outcome.ts";
import { notesOf, openBatch, statusOf } from "../sweep/batch/batch_bundle.ts";
import { summaryJson, summaryText } from "../sweep/batch/summary.ts";
import { sweepStage, withRefusal } from "../sweep/batch/sweep_stage.ts";
import { diskFull } from "../disk_full.ts";
import { costOf } from "./fleet_cost.ts";
import { FleetRuns, type FleetSettings, type Following, mayPass } from "./fleet_runs.ts";
import { ratesOf } from "./fleet_progress.ts";
import { askWhatToDo } from "./on_interrupt.ts";
import { ENTRYPOINT, programPackage, unitPackage } from "./packages.ts";
import { firstWord } from "./first_word.ts";
import { RayClient } from "./ray_client.ts";
import { SweepHome } from "./sweep_home.ts";
import { type ResultStorage, storageOf } from "./storage/storage.ts";
import { siblingsOf, UnitRun } from "./unit_run.ts";

/** Folder for what has come home of units that are not over, within the batch's. */
const KEPT = "fleet";

/**
 * Runs the sweeps that are not whole on the cluster, or goes on with the jobs that are there.
 *
 * @throws {UsageError} where no Ray answers, or a folder holds something else.
 */
export async function runOnFleet(
  plan: Plan<typeof sweepAllOptions>,
  given: RunContext,
): Promise<Outcome> {
  const { values, invocation, out } = plan;
  const context = { ...given, output: withVerbosity(given.output, values.verbosity) };
  const { clock, files, output } = context;
  const began = clock.monotonicMs();
  const client = new RayClient(clusterAddress(values.on!), values.rayAuthToken);
  const version = await firstWord(client, values.on!, "sweep-all");
  const storage = storageOf(values, context, `${out}/${KEPT}`);
  await storage.check();
  const resources = new Map(
    placementsOf(values.hardware, values.on)
      .map(({ hardware, resource }) => [hardware, resourcesOf(values, resource)]),
  );
  const jobs = jobsOf({ out, invocation });
  const stages = jobs.map((job) => sweepStage(job, out, () => undefined));
  const records: StageRecord[] = stages.map(({ name, title, bundle }) => ({
    name,
    title,
    ...(bundle === undefined ? {} : { bundle }),
  }));
  const manifest = await openBatch(context, plan, undefined);
  // What measures is told by each sweep's own manifest.
  manifest.devices = [];
  const kept = new Set<BatchJob>();
  const sweeps = new Map<SweepHome, number>();
  for (const [place, job] of jobs.entries()) {
    if (await stages[place]!.done(context)) {
      kept.add(job);
      records[place]!.status = "complete";
    } else if (job.plan) sweeps.set(new SweepHome(context, job), place);
    else Object.assign(records[place]!, { status: "failed", reason: job.refused });
  }
  output.note(
    `Sweeps to ${out}: ${jobs.length}` +
      (kept.size > 0 ? `, of which ${kept.size} had been done before` : "") +
      `; on Ray ${version} at ${values.on}`,
  );
  const runs = await unitRuns([...sweeps.keys()], plan, context, storage);
  const tell = async (place: number, ended: Partial<StageRecord>) => {
    Object.assign(records[place]!, ended);
    const { name, status, reason } = records[place]!;
    output.event?.("stage", { name, status, number: place + 1, of: jobs.length, reason });
    manifest.stages = records;
    // What the disk has no room for now is written at the end.
    await writeManifest(files, out, manifest).catch(() => {});
  };
  const close = async (own: readonly UnitRun[], interrupted: boolean) => {
    const { sweep } = own[0]!;
    const place = sweeps.get(sweep)!;
    const { status } = await sweep.close(own, interrupted).catch((error) => {
      throw diskFull(error, `what came home in ${out}`) ?? error;
    });
    const reasons = own.flatMap(({ reason, unit: { tp } }) =>
      reason === undefined ? [] : [`TP degree ${tp}: ${reason}`]
    );
    const reason = [...new Set(reasons)].join("; ");
    const seconds = Math.max(0, ...own.map((run) => run.heldSeconds(clock.now().getTime())));
    await tell(place, {
      ...withRefusal({ status, ...(reason === "" ? {} : { reason }) }, sweep.job),
      seconds: Number(seconds.toFixed(3)),
    });
    if (status === "complete") { for (const run of own) await run.discard(); }
  };
  const spent = () =>
    values.timeBudget !== undefined && clock.monotonicMs() - began > values.timeBudget * 1000;
  const fleet = new FleetRuns(context, runs, {
    client,
    out,
    resources,
    maxJobs: values.maxJobs,
    jobLength: values.jobLength,
    help: values.stragglers === "help",
    submit: submitter(
      client,
      plan,
      context,
      resources,
      storage,
      (run) => siblingsOf(run, runs),
    ),
    sweepOver: (own) => close(own, false),
  });
  let how: Following = "over";
  if (runs.length > 0) {
    await fleet.attach();
    how = await fleet.follow(spent);
    if (how !== "over") await letGo(fleet, how, plan, context);
    for (const sweep of sweeps.keys()) {
      if (fleet.hasClosed(sweep)) continue;
      const own = runs.filter((run) => run.sweep === sweep);
      const left = own.some(({ status }) => status === undefined);
      const begun = own.some(({ attempt, shots }) => attempt > 0 || shots > 0);
      if (begun || sweep.isOpen) await close(own, left && how === "interrupted");
    }
  }
  return await closeBatch({
    context,
    plan,
    manifest,
    records,
    jobs,
    kept,
    runs,
    version,
    how,
    live: fleet.live,
    silence: fleet.silence,
  });
}

async function unitRuns(
  sweeps: readonly SweepHome[],
  { values, out }: Plan<typeof sweepAllOptions>,
  { files }: RunContext,
  storage: ResultStorage,
): Promise<UnitRun[]> {
  const runs: UnitRun[] = [];
  for (const sweep of sweeps) {
    // What an earlier run left counts.
    if (await readManifest(files, sweep.dir)) await sweep.open();
    const batch = { host: Deno.hostname(), out, version: VERSION };
    for (const unit of unitsOf(sweep.job, batch, decisiveOf(sweep.job))) {
      runs.push(new UnitRun(unit, sweep, storage.homeOf(unit), values.retries));
    }
  }
  return runs;
}

function submitter(
  client: RayClient,
  { values }: Plan<typeof sweepAllOptions>,
  { files }: RunContext,
  resources: ReadonlyMap<string, Resources>,
  storage: ResultStorage,
  siblings: (run: UnitRun) => readonly UnitRun[],
): FleetSettings["submit"] {
  let program: ReturnType<typeof programPackage> | undefined;
  return async (run, { part, helps }) => {
    const { unit, sweep } = run;
    await sweep.open();
    const next = run.attempt + 1;
    const order = orderOf(unit, values.jobTimeLimit, storage.orderOf(unit, next), part);
    const { name, make } = await (program ??= programPackage(files));
    const own = unitPackage(order, sweep.homeOf(unit, siblings(run)));
    const id = submissionId(unit, next);
    await client.submit({
      id,
      entrypoint: ENTRYPOINT,
      resources: resources.get(run.hardware)!,
      runtimeEnv: {
        working_dir: await client.ensurePackage(name, make),
        py_modules: [await client.ensurePackage(own.name, own.make)],
        ...(Object.keys(storage.jobEnv).length === 0 ? {} : { env_vars: storage.jobEnv }),
      },
      metadata: {
        vscope: VERSION,
        unit: unit.name,
        ...(part === undefined ? {} : { part: JSON.stringify(part) }),
        ...(helps === undefined ? {} : { helps: String(helps) }),
      },
    });
    return next;
  };
}

async function letGo(
  fleet: FleetRuns,
  how: Following,
  { values, out }: Plan<typeof sweepAllOptions>,
  context: RunContext,
): Promise<void> {
  const { output } = context;
  const wanted = how === "spent"
    ? "stop"
    : how === "silent" || how === "full"
    ? "leave"
    : await askWhatToDo(context, values.onInterrupt as "ask", fleet.live);
  try {
    if (wanted === "stop") await fleet.stopAll();
    else if (how !== "silent" && how !== "full") await fleet.lookOnce();
  } catch (error) {
    const passing = mayPass(error, out);
    if (!passing) throw error;
    output.warn(messageOf(passing));
  }
  if (fleet.live > 0) {
    output.warn(
      `Jobs that are left on the cluster: ${fleet.live}; the same command goes on with them`,
    );
  }
}

interface Ended {
  readonly context: RunContext;
  readonly plan: Plan<typeof sweepAllOptions>;
  readonly manifest: Manifest;
  readonly records: StageRecord[];
  readonly jobs: readonly BatchJob[];
  readonly kept: ReadonlySet<BatchJob>;
  readonly runs: readonly UnitRun[];
  readonly version: string;
  readonly how: Following;
  readonly live: number;
  /** What kept it waiting, where that is how it ended. */
  readonly silence: string | undefined;
}

async function closeBatch(ended: Ended): Promise<Outcome> {
  const { context, plan, manifest, records, jobs, kept, runs, version, how, live, silence } = ended;
  const { values, out } = plan;
  const cost = costOf(runs, values.jobGpus, context.clock.now().getTime());
  manifest.stages = records;
  manifest.notes = notesOf(records, how === "spent" ? values.timeBudget : undefined);
  if (how === "silent" || how === "full") {
    manifest.notes.push({
      severity: "error",
      message: `This has been so for a while: ${silence}`,
    });
  }
  const facts = {
    on: values.on,
    ray: version,
    jobs_left: live,
    by_node: ratesOf(runs, context.clock.now().getTime()),
    cost,
  };
  manifest.capture = { fleet: facts };
  const status = how === "interrupted" ? "interrupted" : statusOf(records);
  await closeCapture(context.files, out, manifest, { status, endedAt: context.clock.now() });
  const rows = jobs.map((job, place) => ({ job, record: records[place]!, kept: kept.has(job) }));
  // The table has the reasons.
  const quiet = { ...context.output, warn: () => {}, error: () => {} };
  const outcome = outcomeOf({ ...context, output: quiet }, out, manifest);
  return {
    ...outcome,
    json: { ...outcome.json, sweeps: summaryJson(rows, out), fleet: facts },
    text: [summaryText(rows), ...(runs.length > 0 ? costText(cost) : [])].join("\n"),
  };
}

/**
 * `vscope monitor --on`: a vLLM command as a job on a Ray cluster, with the hooks in its processes on all nodes.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { VERSION } from "../../contract/version.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../bundle/manifest_file.ts";
import { makeSessionFolder } from "../../bundle/session/session_folder.ts";
import { withoutTokens } from "../../bundle/unsecret.ts";
import { isOver, type RayJob } from "../../fleet/ray.ts";
import {
  SESSION_FOLDER,
  SESSION_ORDER_NAME,
  sessionNumber,
  type SessionOrder,
  sessionPrefix,
} from "../../fleet/session_job.ts";
import { clusterAddress } from "../../fleet/where.ts";
import { fleetHookFiles } from "../python/hooks_package.ts";
import { LOGS } from "../guided_command.ts";
import { openManifest, reopenManifest } from "../open_manifest.ts";
import { outcomeOf } from "../outcome.ts";
import { secretsOf } from "../redact.ts";
import { togglesOf } from "../session/session_options.ts";
import { absolute } from "../session/session_plan.ts";
import { closeSession, type Following } from "./monitor_close.ts";
import { jobEnvironment, type monitorOptions } from "./monitor_plan.ts";
import { MOST_ASKED } from "./log_reading.ts";
import { packageOf } from "./packages.ts";
import { Patience } from "./patience.ts";
import { ClusterSilent, RayClient } from "./ray_client.ts";
import { firstWord } from "./first_word.ts";
import { SessionFiles } from "./session_files.ts";
import { SessionJob } from "./session_job.ts";
import { writeAll } from "../../bundle/files/write_all.ts";

const POLL_MS = 2000;
/** What the job and Ray need besides the command's own time to end. */
const STOP_SEC = 30;
/** Of pieces in a log: vscope reads no log beyond 256 MB, and the command prints too. */
const MOST_LOG_BYTES = 160e6;

/**
 * Runs the command on the cluster, or goes on with the job that is there.
 *
 * @throws {UsageError} where no Ray answers, or the folder cannot be written.
 */
export async function runOnCluster(
  plan: Plan<typeof monitorOptions>,
  context: RunContext,
): Promise<Outcome> {
  const { values, invocation } = plan;
  const { files, output, cwd } = context;
  const client = new RayClient(clusterAddress(values.on!, "monitor"), values.rayAuthToken);
  const ray = await firstWord(client, values.on!, "monitor");
  const prefix = sessionPrefix([
    ...[VERSION, Deno.hostname(), invocation.command, plan.processes[0]!.env, values.python],
    invocation.common.out === undefined ? "" : plan.out,
  ]);
  const { last, found } = await jobOf(context, client, prefix);
  const out = found?.metadata?.["out"] ?? plan.out;
  const id = `${prefix}${found ? last : last + 1}`;
  const startedAt = new Date(found?.metadata?.["started_at"] ?? invocation.startedAt);
  const storage = values.storage === undefined
    ? undefined
    : `${absolute(values.storage, cwd)}/${id}.pieces`;
  const manifest = await openSession({ ...plan, out }, context, startedAt);
  manifest.capture = { fleet: { on: values.on, ray, job: id, ended: false } };
  await writeManifest(files, out, manifest);
  if (found) output.note(`Going on with the job ${id}; recording to ${out}`);
  else {
    await submit(plan, context, { client, id, out, startedAt, storage });
    output.note(`Recording to ${out}, the job is ${id} on Ray ${ray} at ${values.on}`);
  }
  const secrets = secretsOf(jobEnvironment(values, invocation.env), invocation.command);
  const echo = !invocation.common.quiet;
  // What was printed before was shown before.
  let quiet = found !== undefined;
  const log = await files.open(`${out}/${LOGS.stdout}`, {
    write: true,
    create: true,
    truncate: true,
  });
  const job = new SessionJob(
    context,
    client,
    id,
    new SessionFiles(files, out),
    storage,
    async (line) => {
      const text = secrets.reduce(
        (rest, secret) => rest.replaceAll(secret, "(secret)"),
        withoutTokens(line),
      );
      const bytes = new TextEncoder().encode(`${text}\n`);
      await writeAll(log, bytes);
      if (!echo || quiet) return;
      if (invocation.common.json) output.note(text);
      else output.result(text);
    },
  );
  let how: Following;
  try {
    if (found) await job.look(true).catch(ignoreSilence);
    quiet = false;
    how = await follow(context, client, job, values.grace, values.onInterrupt === "leave");
  } finally {
    log.close();
  }
  const merged = await closeSession(context, { out, manifest, job, how, storage });
  return outcomeOf(context, out, merged);
}

/** The last job of this command, where it is not over, or what it recorded is not all home. */
async function jobOf(
  { files }: RunContext,
  client: RayClient,
  prefix: string,
): Promise<{ last: number; found?: RayJob }> {
  let [last, found]: [number, RayJob | undefined] = [0, undefined];
  for (const job of await client.jobs()) {
    const number = sessionNumber(prefix, job.submission_id!);
    if (number !== undefined && number > last) [last, found] = [number, job];
  }
  const out = found?.metadata?.["out"];
  if (!found || out === undefined) return { last };
  if (!isOver(found)) return { last, found };
  const manifest = await readManifest(files, out).catch(() => undefined);
  const fleet = manifest?.capture?.["fleet"] as { job?: string; ended?: boolean } | undefined;
  return fleet?.job === found.submission_id && fleet?.ended === false ? { last, found } : { last };
}

/** Makes the session's folder, or opens the one that is there. */
async function openSession(
  plan: Plan<typeof monitorOptions>,
  context: RunContext,
  startedAt: Date,
): Promise<Manifest> {
  const { files } = context;
  const { out, values } = plan;
  const known = await readManifest(files, out).catch(() => undefined);
  const fleet = known?.capture?.["fleet"] as { ended?: boolean } | undefined;
  if (fleet?.ended === false) return await reopenManifest(files, out);
  await makeSessionFolder(files, out, {
    startedAt,
    toggles: togglesOf(values),
    cudaEvents: values.useCudaEvents,
    logInterval: values.profilingLogInterval,
  });
  await files.mkdir(`${out}/logs`);
  const manifest = await openManifest(context, "monitor", plan as never);
  manifest.started_at = startedAt.toISOString();
  // It runs elsewhere: its processes tell on what.
  manifest.devices = [];
  delete manifest.versions.driver;
  return manifest;
}

interface Submitted {
  readonly client: RayClient;
  readonly id: string;
  readonly out: string;
  readonly startedAt: Date;
  readonly storage: string | undefined;
}

async function submit(
  { values, invocation }: Plan<typeof monitorOptions>,
  { files }: RunContext,
  { client, id, out, startedAt, storage }: Submitted,
): Promise<void> {
  const order: SessionOrder = {
    argv: invocation.command,
    grace_sec: values.grace,
    ...(values.python === undefined ? {} : { python: values.python }),
    ...(storage === undefined ? { most_log_bytes: MOST_LOG_BYTES } : { storage }),
  };
  const texts = [
    ...fleetHookFiles().map(({ path, text }) => [path, text] as const),
    [`${SESSION_FOLDER}/__init__.py`, ""] as const,
    [`${SESSION_FOLDER}/${SESSION_ORDER_NAME}`, JSON.stringify(order)] as const,
  ];
  const { name, make } = packageOf(
    new Map(texts.map(([path, text]) => [path, new TextEncoder().encode(text)])),
  );
  const { jobGpus: gpus, jobCpus: cpus, jobResource: resource } = values;
  try {
    await client.submit({
      id,
      entrypoint: `exec ${shellWord(values.python ?? "python3")} -m vscope_fleet`,
      resources: { gpus, cpus, ...(resource === undefined ? {} : { resource }) },
      runtimeEnv: {
        py_modules: [await client.ensurePackage(name, make)],
        env_vars: {
          ...jobEnvironment(values, invocation.env),
          VSCOPE_SESSION_DIR: `/tmp/${id}`,
          VSCOPE_SESSION_START: String(startedAt.getTime() / 1000),
          VSCOPE_SESSION_NODES: "1",
          // Ray kills what has not ended by then; three seconds otherwise.
          RAY_JOB_STOP_WAIT_TIME_S: String(Math.ceil(values.grace + STOP_SEC)),
        },
      },
      metadata: { vscope: VERSION, out, started_at: startedAt.toISOString() },
    });
  } catch (error) {
    await files.remove(out, { recursive: true });
    throw error;
  }
}

/** Follows the job until it is over and its end is home, or Ctrl-C leaves it. */
async function follow(
  context: RunContext,
  client: RayClient,
  job: SessionJob,
  graceSec: number,
  leave: boolean,
): Promise<Following> {
  const { clock, output, signal } = context;
  const patience = new Patience(context);
  let stopBy: number | undefined;
  let asked = 0;
  for (;;) {
    const now = clock.monotonicMs();
    try {
      await job.look(signal.aborted);
      patience.renew();
      if (job.over && (job.end !== undefined || job.neverRan || ++asked >= MOST_ASKED)) {
        return "over";
      }
      if (job.doc?.status === "PENDING") {
        output.progress("The job waits for a node", { event: "job_pending", job: job.id });
      }
      if (signal.aborted && leave) return "left";
      if (signal.aborted && stopBy === undefined) {
        output.progress("Ending vLLM");
        await client.stop(job.id);
        stopBy = now + 1000 * (graceSec + 2 * STOP_SEC);
      }
    } catch (error) {
      if (!(error instanceof ClusterSilent)) throw error;
      if (patience.isSpent(error) || signal.aborted) return "silent";
    }
    if (stopBy !== undefined && now > stopBy) return "silent";
    // After Ctrl-C the signal would end every sleep at once.
    await clock.sleep(POLL_MS, signal.aborted ? undefined : signal);
  }
}

function ignoreSilence(error: unknown): void {
  if (!(error instanceof ClusterSilent)) throw error;
}

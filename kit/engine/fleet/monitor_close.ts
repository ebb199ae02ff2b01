/**
 * Closes the bundle of a session on a cluster.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { BundleNote, Manifest, ProcessRecord } from "../../bundle/manifest.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import { mergeSession } from "../../bundle/merge/merge.ts";
import { readRawProcesses } from "../../bundle/merge/raw_session.ts";
import { failureOf, type RayJob } from "../../fleet/ray.ts";
import { nodeNotes, type SessionEnd } from "../../fleet/session_job.ts";
import { engineDeath } from "../engine_death.ts";
import { LOGS } from "../guided_command.ts";
import type { SessionJob } from "./session_job.ts";

/** How following ended. */
export type Following = "over" | "left" | "silent";

/** What there is of a session. */
export interface Followed {
  readonly out: string;
  readonly manifest: Manifest;
  readonly job: SessionJob;
  readonly how: Following;
  readonly storage: string | undefined;
}

/** Merges what came home. */
export async function closeSession(
  context: RunContext,
  { out, manifest, job, how, storage }: Followed,
): Promise<Manifest> {
  const { files, signal, output, clock } = context;
  const ended = how === "over";
  if (ended) await job.home.end();
  const { end, nodes } = job;
  const fleet = manifest.capture!["fleet"] as Record<string, unknown>;
  manifest.capture = { fleet: { ...fleet, ended, nodes } };
  await writeManifest(files, out, manifest);
  const death = await engineDeath(context, [`${out}/${LOGS.stdout}`]);
  const errors: BundleNote[] = [
    ...how === "over" ? endErrors(end, job.doc) : [],
    ...(death === undefined ? [] : [`vLLM's engine died: ${death}`]),
    ...[...job.home.gaps].map(([path, bytes]) =>
      `${bytes} bytes of ${path} did not come home: the rows in them are missing`
    ),
    ...(end?.cut
      ? [
        "The job's log had no room for everything that was recorded; give --storage a shared folder",
      ]
      : []),
    ...(how === "silent"
      ? [`The job ${job.id} does not answer; the same command goes on with it`]
      : []),
  ].map((message) => ({ severity: "error", message }));
  const notes: BundleNote[] = [...errors, ...nodeNotes(nodes)];
  if (how === "left") {
    notes.push({
      severity: "warning",
      message: `The job ${job.id} goes on; the same command goes on with it`,
    });
  }
  const { processes } = await readRawProcesses(files, out);
  output.progress("Merging the session");
  const merged = await mergeSession(files, out, {
    status: signal.aborted
      ? "interrupted"
      : errors.length === 0 && how === "over"
      ? "complete"
      : processes.length > 0
      ? "partial"
      : "failed",
    endedAt: clock.now(),
    notes,
    ...(end?.pid === undefined ? {} : { command: commandOf(end.pid, end) }),
  });
  if (ended && storage !== undefined) await files.remove(storage).catch(() => {});
  return merged;
}

function endErrors(end: SessionEnd | undefined, doc: RayJob | undefined): string[] {
  if (!end) {
    const why = doc ? failureOf(doc) : "the cluster does not know the job any more";
    return [`${why[0]!.toUpperCase()}${why.slice(1)}; what it recorded last did not come home`];
  }
  if (end.reason !== undefined) return [`The job could not run the command: ${end.reason}`];
  if (end.stopped) return doc?.status === "STOPPED" ? [] : ["The job was ended by a signal"];
  const how = end.signal ?? (end.exit_code ? `exit code ${end.exit_code}` : undefined);
  return how === undefined ? [] : [`The command ended with ${how}`];
}

function commandOf(pid: number, end: SessionEnd): ProcessRecord {
  return {
    pid,
    role: "command",
    ...(end.exit_code === undefined ? {} : { exit_code: end.exit_code }),
    ...(end.signal === undefined ? {} : { signal: end.signal }),
    ...(end.stopped ? { ended_by: "vscope" as const } : {}),
  };
}

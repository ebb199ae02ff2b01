/**
 * The session that is watched.
 *
 * @module
 */

import { isAlive } from "../../bundle/liveness.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import { anyAlive, isSession, readMetadata } from "../../bundle/merge/merge.ts";
import { PROCESSES, readRawProcesses } from "../../bundle/merge/raw_session.ts";
import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";

/** A session in a folder of sessions. */
interface Candidate {
  dir: string;
  startedAt: number;
  running: boolean;
}

/**
 * Finds the session: the folder itself, or the newest running one in it.
 *
 * @param given A session or a folder of sessions; without it the sessions of `profilingDir`.
 * @throws {UsageError} when there is none. Needs read permission.
 */
export async function findSession(
  files: FileSystem,
  given: string | undefined,
  profilingDir: string,
): Promise<string> {
  const dir = (given ?? profilingDir).replace(/(?<=.)\/+$/, "");
  const found = await files.stat(dir).catch(() => undefined);
  if (!found && given !== undefined) {
    throw new UsageError(
      `Cannot watch "${dir}": there is no such folder; give a session's folder, or one of sessions`,
    );
  }
  if (found && !found.isDirectory) {
    throw new UsageError(`Cannot watch "${dir}": it is a file; give a session's folder`);
  }
  if (found && await isSession(files, dir)) return await checked(files, dir);
  const candidates = found ? await sessionsIn(files, dir) : [];
  const newest = (list: Candidate[]) =>
    list.reduce<Candidate | undefined>(
      (best, one) => best && best.startedAt >= one.startedAt ? best : one,
      undefined,
    );
  const running = newest(candidates.filter((candidate) => candidate.running));
  if (running) return running.dir;
  const last = newest(candidates);
  throw new UsageError(
    `Cannot watch a session below "${dir}": none runs there; ` +
      (last
        ? `start one with "vscope monitor -- vllm serve MODEL", or give the newest that has ` +
          `ended, ${last.dir}`
        : 'start one with "vscope monitor -- vllm serve MODEL", or give the folder of a session'),
  );
}

/** A session that was closed can only be followed where the processes' own tables are kept. */
async function checked(files: FileSystem, dir: string): Promise<string> {
  const manifest = await readManifest(files, dir);
  const raw = await isThere(files, `${dir}/${PROCESSES}`);
  if (manifest?.status !== undefined && !raw) {
    throw new UsageError(
      `Cannot watch "${dir}": it has ended, and its folder "${PROCESSES}" is missing; ` +
        `run "vscope report ${dir}"`,
    );
  }
  return dir;
}

async function sessionsIn(files: FileSystem, parent: string): Promise<Candidate[]> {
  const found: Candidate[] = [];
  try {
    for await (const { name, isDirectory } of files.readDir(parent)) {
      const dir = `${parent}/${name}`;
      if (isDirectory && await isSession(files, dir)) found.push(await lookAt(files, dir));
    }
  } catch (error) {
    throw new UsageError(`Cannot look for sessions in "${parent}": ${messageOf(error)}`);
  }
  return found;
}

async function lookAt(files: FileSystem, dir: string): Promise<Candidate> {
  const manifest = await readManifest(files, dir).catch(() => undefined);
  const metadata = await readMetadata(files, dir);
  const startedAt = Date.parse(manifest?.started_at ?? String(metadata?.["start_time"])) || 0;
  if (manifest?.status !== undefined) return { dir, startedAt, running: false };
  const running = manifest?.open_by
    ? await isAlive(files, manifest.open_by)
    : await anyAlive(files, (await readRawProcesses(files, dir)).processes);
  return { dir, startedAt, running };
}

/**
 * Ray's Jobs API over HTTP.
 *
 * @module
 */

import { messageOf, RunError } from "../../contract/errors.ts";
import { type JobRequest, type RayJob, submission } from "../../fleet/ray.ts";

/** The cluster does not answer, or not as Ray does. It may do so again. */
export class ClusterSilent extends RunError {
  override name = "ClusterSilent";
}

const TIMEOUT_MS = 60_000;
const LOG_MS = 30_000;
/** A package of tens of MB over a slow line. */
const UPLOAD_MS = 600_000;
/** A log beyond this is not read: what it holds is measured again, in shorter jobs. */
const MOST_LOG_BYTES = 256e6;

/** A cluster. Everything needs network permission, and throws {@linkcode ClusterSilent}. */
export class RayClient {
  constructor(
    private readonly address: string,
    private readonly token: string | undefined,
  ) {}

  /** The version of Ray. */
  async version(): Promise<string> {
    const found = await this.#json("/api/version") as { ray_version?: unknown };
    if (typeof found?.ray_version !== "string") {
      throw new ClusterSilent(`${this.address} answers, but not as a Ray dashboard does`);
    }
    return found.ray_version;
  }

  /** All jobs that were submitted, of whomever. */
  async jobs(): Promise<RayJob[]> {
    const found = await this.#json("/api/jobs/");
    if (!Array.isArray(found)) throw new ClusterSilent("Ray's list of jobs is no list");
    return found.filter((job) => typeof job?.submission_id === "string");
  }

  /** Submits a job; one that is there already is left as it is. */
  async submit(job: JobRequest): Promise<void> {
    const response = await this.#fetch("/api/jobs/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(submission(job)),
    });
    const text = await response.text();
    if (response.ok || text.includes(`${job.id} already exists`)) return;
    throw refusal(`Ray did not take the job ${job.id}`, response.status, text);
  }

  /** Asks for a job's end. */
  async stop(id: string): Promise<void> {
    const response = await this.#fetch(`/api/jobs/${id}/stop`, { method: "POST" });
    const text = await response.text();
    if (!response.ok && response.status !== 404) {
      throw refusal(`Ray did not stop the job ${id}`, response.status, text);
    }
  }

  /** What a job has printed; undefined where it is not to be had, as of a node that is gone. */
  async log(id: string): Promise<string | undefined> {
    try {
      const response = await this.#fetch(`/api/jobs/${id}/logs`, {}, LOG_MS);
      if (!response.ok || Number(response.headers.get("content-length") ?? 0) > MOST_LOG_BYTES) {
        await response.body?.cancel();
        return undefined;
      }
      const { logs } = await response.json();
      return typeof logs === "string" ? logs : undefined;
    } catch {
      // The dashboard asks the node, which may not answer; the other jobs are not to wait for that.
      return undefined;
    }
  }

  /** What the nodes have; undefined where that is not told. */
  async nodes(): Promise<unknown> {
    return await this.#json("/nodes?view=summary").catch(() => undefined);
  }

  /**
   * Makes sure that the cluster has a package.
   *
   * @param name Its name, which tells its contents.
   * @param make Makes the archive, where it is not there.
   * @returns Its URI, for a runtime environment.
   */
  async ensurePackage(name: string, make: () => Promise<Uint8Array<ArrayBuffer>>): Promise<string> {
    const path = `/api/packages/gcs/${name}`;
    const there = await this.#fetch(path, {});
    await there.body?.cancel();
    if (there.status === 404) {
      const sent = await this.#fetch(path, { method: "PUT", body: await make() }, UPLOAD_MS);
      const text = await sent.text();
      if (!sent.ok) throw refusal(`Ray did not take the package ${name}`, sent.status, text);
    } else if (!there.ok) {
      throw refusal(`Ray does not say whether it has the package ${name}`, there.status, "");
    }
    return `gcs://${name}`;
  }

  async #json(path: string): Promise<unknown> {
    const response = await this.#fetch(path, {});
    const text = await response.text();
    if (!response.ok) throw refusal(`${this.address}${path}`, response.status, text);
    try {
      return JSON.parse(text);
    } catch {
      throw new ClusterSilent(`${this.address} answers, but not as a Ray dashboard does`);
    }
  }

  async #fetch(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token !== undefined) headers.set("authorization", `Bearer ${this.token}`);
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      return await fetch(`${this.address}${path}`, { ...init, headers, signal });
    } catch (error) {
      throw new ClusterSilent(`${this.address} does not answer (${messageOf(error)})`);
    }
  }
}

/** The last line of a traceback says why. */
function refusal(what: string, status: number, text: string): ClusterSilent {
  if (status === 401 || status === 403) {
    return new ClusterSilent(`${what}: it asks for a token (${status}); set RAY_AUTH_TOKEN`);
  }
  const last = text.split("\n").map((line) => line.trim()).filter((line) => line.length > 1).at(-1);
  return new ClusterSilent(
    `${what}: ${status}${last === undefined ? "" : `, ${last.slice(0, 300)}`}`,
  );
}

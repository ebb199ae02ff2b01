/**
 * Follows the job of a session on a cluster: what it prints is shown, what its hooks record comes home.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { isOver, type RayJob } from "../../fleet/ray.ts";
import type { SessionEnd, SessionNode } from "../../fleet/session_job.ts";
import { pauseMs } from "./log_reading.ts";
import { type RayClient } from "./ray_client.ts";
import type { SessionFiles } from "./session_files.ts";

/** Who runs a server wants to see what it says. */
const LOOK_MS = 2000;

/** What is read of a job's output and of what its hooks record. */
export class SessionJob {
  /** As the cluster lists it; undefined where it does not know it any more. */
  doc: RayJob | undefined;
  #read = 0;
  #stored = 0;
  #lookAt = 0;

  /**
   * @param storage File with the pieces, where they do not come through the log.
   * @param said Called with each line that the job prints.
   */
  constructor(
    private readonly context: Pick<RunContext, "files" | "clock">,
    private readonly client: RayClient,
    readonly id: string,
    readonly home: SessionFiles,
    private readonly storage: string | undefined,
    private readonly said: (line: string) => Promise<void>,
  ) {}

  /** How it ended, once that is home. */
  get end(): SessionEnd | undefined {
    return this.home.documents.get("end.json") as SessionEnd | undefined;
  }

  /** The nodes of the cluster, as the job sees them. */
  get nodes(): readonly SessionNode[] {
    const found = this.home.documents.get("nodes.json");
    return Array.isArray(found) ? found : [];
  }

  /** Whether nothing more can come of it. */
  get over(): boolean {
    return this.doc === undefined || isOver(this.doc);
  }

  /** Whether there is nothing of it to be had: the cluster does not know it, or no node had it. */
  get neverRan(): boolean {
    return this.doc === undefined || (this.over && !this.doc.driver_node_id);
  }

  /** Asks how it is, and takes in what is new where it is time for that, or `now`. */
  async look(now: boolean): Promise<void> {
    const { clock } = this.context;
    this.doc = (await this.client.jobs()).find(({ submission_id }) => submission_id === this.id);
    if (!now && !this.over && clock.monotonicMs() < this.#lookAt) return;
    if (this.doc && this.doc.status !== "PENDING") await this.#readLog();
    if (this.storage !== undefined) await this.#readStored(this.storage);
    this.#lookAt = clock.monotonicMs() + pauseMs(LOOK_MS, this.#read);
  }

  async #readLog(): Promise<void> {
    const log = await this.client.log(this.id);
    if (log === undefined) return;
    const end = this.over ? log.length : log.lastIndexOf("\n") + 1;
    const fresh = log.slice(this.#read, end);
    this.#read = Math.max(this.#read, end);
    for (const line of fresh.split("\n")) {
      if (line !== "" && !await this.home.take(line)) await this.said(line);
    }
  }

  async #readStored(path: string): Promise<void> {
    let text: string;
    try {
      using file = await this.context.files.open(path);
      await file.seek(this.#stored, Deno.SeekMode.Start);
      text = await new Response(file.readable).text();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    // Pieces are ASCII: characters are bytes.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    this.#stored += whole.length;
    for (const line of whole.split("\n")) await this.home.take(line);
  }
}

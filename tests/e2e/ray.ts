/** A real Ray on this machine: installed once into the user's cache, and a small cluster of it on loopback. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { RayJob } from "../../kit/fleet/ray.ts";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { inFolder } from "../folders.ts";
import { lockedPython } from "./locked_python.ts";
import { endMarked, listenersOf } from "./marked.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Exact, with all that it needs, so that a release of today does not fail a test of yesterday. */
const PACKAGES = here("ray_requirements.txt");
const SCRIPT = here("scripts/ray_cluster.py");

/** On a machine that has a lot to do only what is gone is taken for gone, and nothing is ended for its memory. */
const PATIENT = {
  RAY_DASHBOARD_STARTUP_TIMEOUT_S: "300",
  RAY_agent_register_timeout_ms: "600000",
  RAY_gcs_rpc_server_reconnect_timeout_s: "600",
  RAY_gcs_server_port_wait_time_s: "300",
  RAY_health_check_failure_threshold: "3",
  RAY_health_check_period_ms: "1000",
  RAY_health_check_timeout_ms: "60000",
  RAY_memory_monitor_refresh_ms: "0",
  RAY_gcs_server_request_timeout_seconds: "300",
  RAY_worker_register_timeout_seconds: "600",
};

/** What a cluster is of. */
export interface RayShape {
  /** Raylets beside the head; each has room for one job that asks for `tiny`. */
  readonly nodes: number;
  /** Whether the head has room too. */
  readonly headRoom?: boolean;
  /** What such a node has, as Ray's own arguments say it; a CPU and the mark `tiny` otherwise. */
  readonly room?: Readonly<Record<string, unknown>>;
  /** Path of a Python that has Ray, where that has more than the one of the tests. */
  readonly python?: string;
  /** Where Ray keeps its state, as `127.0.0.1:6379`; only the head has it otherwise. */
  readonly redis?: string;
}

/** A cluster. */
export interface RayCluster {
  /** Of its dashboard. */
  readonly url: string;
  /** `kill`: the newest node is gone at once; `add`: another one; `head`: a new head. */
  tell(command: "kill" | "add" | "head"): Promise<void>;
  /** Jobs as Ray lists them. */
  jobs(): Promise<RayJob[]>;
}

/** A mark, for `--hardware NAME=ray:tiny`; a job takes one CPU of the one that a node has. */
const ROOM = { num_cpus: 1, resources: { tiny: 1 } };

/** Path of a Python with Ray; made with PyPI the first time. */
export async function rayPython(): Promise<string> {
  return `${await lockedPython("ray", PACKAGES)}/bin/python`;
}

/** Where our script was ended, agents tell a head that is gone of their raylet's end before they end too. */
const REPORTED_MS = 180_000;

/** So often a start of Ray is tried: a raylet of a busy machine gives up where its agents are late. */
const STARTS = 3;

/** Runs `use` with a cluster whose jobs have the environment `env`. Nothing of it is left afterwards. */
export async function withRay<T>(
  shape: RayShape,
  env: Record<string, string>,
  use: (cluster: RayCluster) => Promise<T>,
): Promise<T> {
  const python = shape.python ?? await rayPython();
  for (let left = STARTS;; left--) {
    const outcome = await inFolder(async (dir) => {
      const cluster = new RayProcess(python, dir, shape, env);
      try {
        const up = await cluster.up();
        if (!up && left > 1) return undefined;
        assert.ok(up, `Ray did not start:\n${cluster.complaints.slice(-3000)}`);
        assert.deepEqual(await cluster.outsiders(), [], "Ray listens on loopback alone");
        return { value: await use(cluster) };
      } finally {
        await cluster.close();
      }
    });
    if (outcome) return outcome.value;
  }
}

class RayProcess implements RayCluster {
  readonly url: string;
  complaints = "";
  readonly #mark = { VSCOPE_TEST_CLUSTER: randomUUID() };
  readonly #child: Deno.ChildProcess;
  readonly #said: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #complained: Promise<void>;
  #text = "";

  /** @param dir For all that Ray writes. */
  constructor(
    python: string,
    dir: string,
    { nodes, headRoom = false, room = ROOM, redis = "" }: RayShape,
    env: Record<string, string>,
  ) {
    const port = findFreePort();
    this.url = `http://127.0.0.1:${port}`;
    const spec = { port, dir, nodes, room, head_room: headRoom, redis };
    this.#child = new Deno.Command(python, {
      args: [SCRIPT, JSON.stringify(spec)],
      // Jobs inherit it: their program is run by our own Deno.
      env: {
        VSCOPE_DENO: Deno.execPath(),
        RAY_TMPDIR: dir,
        // Else Ray takes 127.0.0.1 for the machine's address in its network, on other systems than macOS.
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
        RAY_usage_stats_enabled: "0",
        DASHBOARD_METRIC_PORT: String(findFreePort()),
        ...PATIENT,
        ...this.#mark,
        ...env,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#said = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = this.#child.stdin.getWriter();
    this.#complained = this.#listen();
  }

  /** Waits until all nodes are there; false where they do not come. */
  async up(): Promise<boolean> {
    return await this.#heard("up");
  }

  async tell(command: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    assert.ok(await this.#heard(command), `${command}:\n${this.complaints.slice(-3000)}`);
  }

  async jobs(): Promise<RayJob[]> {
    const response = await fetch(`${this.url}/api/jobs/`);
    const jobs: RayJob[] = await response.json();
    return jobs.filter((job) => job.submission_id !== null);
  }

  /** Addresses other than loopback on which any of its processes listens. */
  async outsiders(): Promise<string[]> {
    const found = await listenersOf(this.#mark);
    assert.ok(found.length > 0);
    return found.filter((address) => !/^127\.|^::1$/.test(address));
  }

  /** Ends it; fails where a process does not end with it. */
  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 30_000);
    await this.#child.status;
    clearTimeout(late);
    try {
      await endMarked(this.#mark, REPORTED_MS);
    } finally {
      await this.#said.cancel().catch(() => {});
      await this.#complained;
    }
  }

  async #listen(): Promise<void> {
    const texts = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const text of texts) this.complaints += text;
  }

  /** Waits for a line; false where the end comes before it. */
  async #heard(word: string): Promise<boolean> {
    while (!this.#text.split("\n").includes(word)) {
      const { value, done } = await this.#said.read();
      if (done) return false;
      this.#text += value;
    }
    this.#text = "";
    return true;
  }
}

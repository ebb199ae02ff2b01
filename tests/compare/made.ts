/** Bundles made up for tests. */

import type { Manifest } from "../../kit/bundle/manifest.ts";
import { normals } from "../random.ts";
import type { ComparedBundle, Figure, MatchedRows } from "../../kit/compare/figure.ts";

/** A time, that is better when it is lower. */
export function timeFigure(metric: string, value: number, error?: number): Figure {
  return {
    metric,
    unit: "ms",
    better: "lower",
    scale: "ratio",
    value,
    ...(error === undefined ? {} : { within: { error, freedom: 9 } }),
  };
}

/** Rows of times. */
export function rowsFigure(metric: string, rows: Readonly<Record<string, number>>): MatchedRows {
  return {
    metric,
    unit: "µs",
    better: "lower",
    scale: "ratio",
    rows: new Map(Object.entries(rows)),
  };
}

/** A bundle of these figures. */
export function compared(path: string, parts: Partial<ComparedBundle> = {}): ComparedBundle {
  return {
    path,
    kind: "session",
    status: "complete",
    facts: [],
    figures: [],
    matched: [],
    leftOut: [],
    ...parts,
  };
}

/** A manifest that is closed. */
export function manifest(parts: Partial<Manifest> = {}): Manifest {
  return {
    schema_version: 1,
    recipe: "monitor",
    status: "complete",
    started_at: "2026-01-24T12:34:56Z",
    ended_at: "2026-01-24T12:44:56Z",
    contract: {},
    command: ["vllm", "serve", "some/model", "--max-num-seqs", "8", "--port", "8000"],
    versions: { vscope: "0.1.0", deno: "2", vllm: "0.26.0", driver: "580.1" },
    devices: [{ kind: "gpu", name: "NVIDIA H100 80GB HBM3" }],
    engine: { model: "some/model", max_num_seqs: 8, model_config: { hidden_size: 64 } },
    processes: [],
    hooks: [],
    dropped: {},
    artifacts: [],
    notes: [],
    ...parts,
  };
}

/** How a session that is made up ran. */
export interface MadeSession {
  readonly stepMs: number;
  readonly seed: number;
  readonly requests?: number;
  readonly manifest?: Partial<Manifest>;
}

/** Writes a session: requests of 10 tokens, four at a time, 4 % noise on each step. */
export async function writeSession(
  dir: string,
  { stepMs, seed, requests = 60, manifest: parts }: MadeSession,
): Promise<string> {
  const noise = normals(seed);
  const passes = ["timestamp_sec,phase,batch_size,num_tokens,forward_time_ms,sample_time_ms,rank"];
  const batches = [
    "timestamp_sec,num_seqs,num_tokens,phase,running_queue_len,waiting_queue_len",
  ];
  const lives = [
    "request_id,started_sec,finished_sec,prompt_tokens,generated_tokens,queued_sec," +
    "first_token_sec,status,num_preemptions",
  ];
  let now = 10;
  for (let group = 0; group < requests / 4; group++) {
    const start = now;
    let first = now;
    for (let step = 0; step < 10; step++) {
      const phase = step === 0 ? "prefill" : "decode";
      const ms = stepMs * (step === 0 ? 3 : 1) * Math.exp(0.04 * noise());
      const tokens = step === 0 ? 4 * (20 + group % 5) : 4;
      batches.push(`${now},4,${tokens},${phase},4,0`);
      passes.push(`${now},${phase},4,${tokens},${ms},0,0`);
      now += ms / 1000;
      if (step === 0) first = now;
    }
    for (let one = 0; one < 4; one++) {
      lives.push(
        `r${group}-${one},${start},${now},20,10,${start - 0.0001},${first},length,0`,
      );
    }
  }
  await Deno.mkdir(dir, { recursive: true });
  const files = {
    "metadata.json": JSON.stringify({ session_id: "s", start_time: "2026-01-24T12:34:56Z" }),
    "bundle.json": JSON.stringify(manifest(parts)),
    "forward_pass_timing.csv": passes.join("\n") + "\n",
    "batch_utilization.csv": batches.join("\n") + "\n",
    "request_lifecycle.csv": lives.join("\n") + "\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  return dir;
}

/**
 * Looks at the GPU that a sweep measures, every few seconds while it does.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import {
  type GpuLook,
  LOOK_FIELDS,
  parseLook,
  REASON_FIELDS,
} from "../../sweep/measure/gpu_conditions.ts";
import { onPath } from "../python/python_of.ts";
import type { EngineFacts } from "./driver.ts";

const EVERY_MS = 5000;
const TIMEOUT_MS = 10_000;

/**
 * Looks at the GPU of an engine, and of the next one where that has died. Nothing is seen where there is
 * no nvidia-smi, where it does not know the GPU, or where there are several and the engine does not tell
 * which one it has. Needs permission to run nvidia-smi.
 */
export class GpuWatch {
  readonly #looks: GpuLook[] = [];
  #ended = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(private readonly context: RunContext) {}

  /** Begins to look at the GPU of this engine. */
  async start(facts: Pick<EngineFacts, "device_type" | "gpu_uuid">): Promise<void> {
    await this.stop();
    this.#ended = new AbortController();
    this.#watching = this.#watch(facts).catch(() => {});
  }

  /** Ends looking; returns all that was seen. */
  async stop(): Promise<readonly GpuLook[]> {
    this.#ended.abort();
    await this.#watching;
    return this.#looks;
  }

  async #watch({ device_type, gpu_uuid }: Pick<EngineFacts, "device_type" | "gpu_uuid">) {
    const { context } = this;
    const { signal } = this.#ended;
    if (device_type !== "cuda" || !await onPath(context, "nvidia-smi")) return;
    let seen = false;
    for (let fields = REASON_FIELDS; !signal.aborted && fields.length > 0;) {
      const look = await lookAt(context, fields[0]!, gpu_uuid);
      if (look) this.#looks.push(look);
      seen ||= look !== undefined;
      // An older driver has the other word; without an answer to either there is nothing to ask.
      if (seen) await context.clock.sleep(EVERY_MS, signal);
      else fields = fields.slice(1);
    }
  }
}

async function lookAt(
  { processes }: RunContext,
  reasons: string,
  uuid: string | undefined,
): Promise<GpuLook | undefined> {
  const ran = await processes.capture([
    "nvidia-smi",
    `--query-gpu=${[...LOOK_FIELDS, reasons].join(",")}`,
    "--format=csv,noheader,nounits",
    ...(uuid === undefined ? [] : [`--id=${uuid.startsWith("GPU-") ? uuid : `GPU-${uuid}`}`]),
  ], { timeoutMs: TIMEOUT_MS }).catch(() => undefined);
  return ran?.code === 0 ? parseLook(ran.stdout) : undefined;
}

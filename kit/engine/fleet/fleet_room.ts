/**
 * How many jobs there is room for on the nodes of each kind of hardware.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { type Resources, resourcesText, roomFor } from "../../fleet/ray.ts";
import type { RayClient } from "./ray_client.ts";

/** The nodes are asked for this seldom. */
const NODES_MS = 30_000;
/** Jobs at a time where the cluster does not tell what it has. */
const UNKNOWN_ROOM = 8;

/** The room, which changes as nodes come and go. */
export class FleetRoom {
  #askedAt = -Infinity;
  /** By hardware; those without a node are not in it. */
  readonly #nodes = new Map<string, number>();

  /**
   * @param resources What a job asks for, by hardware.
   * @param most Jobs at a time on the whole cluster.
   */
  constructor(
    private readonly context: Pick<RunContext, "clock" | "output">,
    private readonly client: Pick<RayClient, "nodes">,
    private readonly resources: ReadonlyMap<string, Resources>,
    private readonly most = Infinity,
  ) {}

  /** Asks the cluster, where it is time for that. */
  async look(): Promise<void> {
    const now = this.context.clock.monotonicMs();
    if (now - this.#askedAt < NODES_MS) return;
    const first = this.#askedAt === -Infinity;
    const nodes = await this.client.nodes();
    this.#askedAt = now;
    for (const [hardware, resources] of this.resources) {
      const room = roomFor(resources, nodes) ?? UNKNOWN_ROOM;
      if (room > 0) this.#nodes.set(hardware, room);
      else this.#nodes.delete(hardware);
      if (room > 0 || !first) continue;
      const whose = this.resources.size > 1 ? ` of ${hardware}` : "";
      this.context.output.warn(
        `No node of the cluster has ${resourcesText(resources)}: the jobs${whose} wait for one`,
      );
    }
  }

  /** Whether a node has what jobs on this hardware ask for. */
  has(hardware: string): boolean {
    return this.#nodes.has(hardware);
  }

  /** Jobs on this hardware at a time. One waits even where there is no room: a cluster that grows sees what is wanted. */
  of(hardware: string): number {
    return Math.min(this.most, this.#nodes.get(hardware) ?? 1);
  }

  /** Jobs at a time. */
  get all(): number {
    const sum = [...this.resources.keys()].reduce((sum, hardware) => sum + this.of(hardware), 0);
    return Math.min(this.most, sum);
  }
}

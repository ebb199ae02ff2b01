/**
 * A session on a cluster: what its job is told, what goes along, and how the same command finds it again.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isSecret } from "../bundle/unsecret.ts";

/** Python package in which the order goes along, and the file in it. */
export const SESSION_FOLDER = "vscope_session";
/** The {@linkcode SessionOrder}. */
export const SESSION_ORDER_NAME = "order.json";

/** What the job is to do. */
export interface SessionOrder {
  readonly argv: readonly string[];
  /** How long the command may take to end. */
  readonly grace_sec: number;
  /** Path of a Python on the nodes: its folder comes first in the PATH of the command. */
  readonly python?: string;
  /** File for the pieces, where this machine and the cluster share a folder. */
  readonly storage?: string;
  /** Characters of pieces in the log at most, where they go through that. */
  readonly most_log_bytes?: number;
}

/** What a node tells of itself. Times are in seconds. */
export interface SessionNode {
  readonly name: string;
  readonly id: string;
  readonly host?: string;
  readonly address?: string;
  /** How far its wall clock was ahead of the driver's; its rows were corrected by the first estimate. */
  readonly clock?: {
    readonly offset_sec: number;
    readonly error_sec: number;
    readonly later_offset_sec?: number;
    readonly later_error_sec?: number;
  };
  /** It joined when the command ran already. */
  readonly late?: boolean;
  /** Why it does not answer any more. */
  readonly lost?: string;
}

/** How the job ended. */
export interface SessionEnd {
  readonly pid?: number;
  readonly exit_code?: number;
  readonly signal?: string;
  /** Somebody asked for its end. */
  readonly stopped?: boolean;
  /** The log had no room for everything. */
  readonly cut?: boolean;
  /** Why the command was not started. */
  readonly reason?: string;
}

/** Begins the submission ID of each job of a command; a number follows. */
export function sessionPrefix(decisive: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(decisive)).digest("hex").slice(0, 16);
  return `vscope-monitor-${digest}-`;
}

/** The number of a job of the command; undefined for a job of another. */
export function sessionNumber(prefix: string, id: string): number | undefined {
  const number = id.startsWith(prefix) ? id.slice(prefix.length) : "";
  return /^[1-9]\d{0,5}$/.test(number) ? Number(number) : undefined;
}

/** What is true of one machine alone: addresses, ports, folders. */
const OF_A_MACHINE = /_(IP|HOST|PORT|ROOT|DIR|PATH|FILE)$|^VLLM_PROFILING_DIR$|^VLLM_PLUGINS$/;

/**
 * vLLM's variables of this machine that go along. No secret does, nor what is true of one machine alone: Ray shows
 * a job's environment to whomever it shows the job.
 */
export function variablesAlong(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) =>
      name.startsWith("VLLM_") && !OF_A_MACHINE.test(name) && !isSecret(name, value)
    ),
  );
}

/** What there is to say of nodes. */
export function nodeNotes(
  nodes: readonly SessionNode[],
): { severity: "info" | "warning" | "error"; message: string }[] {
  return nodes.flatMap((node) => {
    const { clock, late, lost } = node;
    const named = node.host === undefined ? node.name : `${node.name} (${node.host})`;
    const notes: ReturnType<typeof nodeNotes> = [];
    if (clock) {
      const later = clock.later_offset_sec === undefined
        ? ""
        : `; at the last look ${clock.later_offset_sec} s`;
      notes.push({
        severity: "info",
        message:
          `The clock of ${named} was ${clock.offset_sec} s ahead of the driver's, give or take ` +
          `${clock.error_sec} s${later}; its rows are on the driver's clock`,
      });
    }
    if (late) {
      notes.push({
        severity: "info",
        message:
          `${named} joined while the command ran: rows of its first processes may be on its own clock`,
      });
    }
    if (lost !== undefined) {
      notes.push({
        severity: "error",
        message: `${named} was lost: ${lost}; what it recorded last is missing`,
      });
    }
    return notes;
  });
}

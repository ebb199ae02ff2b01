/**
 * `bundle.json`: what every run leaves behind, whatever the recipe.
 *
 * @module
 */

import type { OwnTable } from "./session/own_tables.ts";

/**
 * Version of the shape of `bundle.json`.
 *
 * @example What a reader looks at first
 * ```ts
 * import assert from "node:assert/strict";
 * import { BUNDLE_SCHEMA_VERSION, MANIFEST_NAME } from "@vscope/vscope";
 *
 * const text = await Deno.readTextFile(`perf/examples/session/${MANIFEST_NAME}`);
 * assert.equal(JSON.parse(text).schema_version, BUNDLE_SCHEMA_VERSION);
 * ```
 */
export const BUNDLE_SCHEMA_VERSION = 1;

/**
 * Name of the manifest within a bundle's folder.
 *
 * @example Whether a folder is a bundle
 * ```ts
 * import assert from "node:assert/strict";
 * import { MANIFEST_NAME } from "@vscope/vscope";
 *
 * assert.ok((await Deno.stat(`perf/examples/session/${MANIFEST_NAME}`)).isFile);
 * ```
 */
export const MANIFEST_NAME = "bundle.json";

/** How a closed bundle ended; an open one has no status. */
export type BundleStatus = "complete" | "partial" | "failed" | "interrupted";

/** Whether a hook did its work in one process. */
export type HookStatus = "attached" | "absent" | "failed";

/** One value of the recipe's contract and where it came from. */
export interface ContractValue {
  /** The value; a secret is the word `set`. Absent for an option that has none. */
  value?: unknown;
  /** Which of the four places it is from. */
  source: "flag" | "environment" | "config" | "default";
  /** The flag, variable or file that gave it. */
  from?: string;
}

/** A process that took part. */
export interface ProcessRecord {
  /** Its process id. */
  pid: number;
  /** `api_server`, `engine_core`, `worker`, `python` (hooks forced on), `command`. */
  role: string;
  /** Global rank of a worker. */
  rank?: number;
  /** Where it ran; absent where all ran on one machine. */
  host?: string;
  /** Seconds after `started_at`. */
  started_sec?: number;
  /** Exit code, for a process that vscope itself started. */
  exit_code?: number;
  /** Signal that ended it, for a process that vscope itself started. */
  signal?: string;
  /** For the command: it ran until vscope ended it, as planned or upon Ctrl-C. */
  ended_by?: "vscope";
}

/** A hook in a process. */
export interface HookRecord {
  /** Profiler, as `forward_pass`. */
  name: string;
  /** What became of it. */
  status: HookStatus;
  /** The vLLM symbol that was wrapped or looked for. */
  symbol?: string;
  /** Why it is absent or failed. */
  reason?: string;
  /** `<role>-<pid>`, or `any` where no process got as far as looking. */
  process: string;
}

/** A file of the bundle. */
export interface ArtifactRecord {
  /** Relative to the bundle's folder, with `/`. */
  path: string;
  /** Its length. */
  bytes: number;
  /** SHA-256, hexadecimal. */
  sha256: string;
  /** Name of the table's schema, as `forward_pass_timing@1`, or a media type. */
  schema: string;
}

/** What a tool wrote as a folder, or as a file, of its own kind: a trace. */
export interface CaptureRecord {
  /** Relative to the bundle's folder, or absolute where it lies elsewhere. */
  path: string;
  /** Files in the folder, or 1. */
  files: number;
  /** Sum of the files' lengths. */
  apparent_bytes: number;
  /** What they occupy on the disk: less, where they are sparse. Absent where it cannot be told. */
  allocated_bytes?: number;
}

/** Something that a reader has to know, found while the bundle was made. */
export interface BundleNote {
  /** How much it matters. */
  severity: "info" | "warning" | "error";
  /** One sentence. */
  message: string;
  /** Told by the run itself: merging anew keeps it, and finds the others again. */
  from_run?: true;
}

/** How a stage ended; one that was not reached has none. */
export type StageStatus = BundleStatus | "skipped" | "unneeded";

/** A stage of an automation. */
export interface StageRecord {
  /** As the journal and the logs name it. */
  name: string;
  /** One line. */
  title: string;
  /** How it ended; absent where it was not reached. */
  status?: StageStatus;
  /** Of its last run, which may have been in a vscope before this one. */
  seconds?: number;
  /** Its log, relative to the bundle's folder. */
  log?: string;
  /** The bundle that it works on, relative to the bundle's folder. */
  bundle?: string;
  /** Why it is not complete, or not needed. */
  reason?: string;
  /** What it did, one after the other. */
  steps?: { name: string; seconds: number }[];
}

/** What `bundle.json` holds. What cannot be known is absent. */
export interface Manifest {
  /** A reader that knows another number refuses the file. */
  schema_version: typeof BUNDLE_SCHEMA_VERSION;
  /** Name of the recipe. */
  recipe: string;
  /** Absent while the run goes on. */
  status?: BundleStatus;
  /** UTC, ISO 8601. */
  started_at: string;
  /** UTC, ISO 8601; absent while the run goes on. */
  ended_at?: string;
  /** Every option by flag name. */
  contract: Record<string, ContractValue>;
  /** The command, without its secrets. */
  command: string[];
  /** Versions of what took part; one that could not be known is absent. */
  versions: {
    vscope: string;
    deno: string;
    python?: string;
    vllm?: string;
    torch?: string;
    vllm_metal?: string;
    mlx?: string;
    macos?: string;
    xcode?: string;
    cuda?: string;
    driver?: string;
  };
  /** What it ran on. */
  devices: {
    kind: string;
    name: string;
    count?: number;
    memory_bytes?: number;
    /** What a GPU is set to when the run begins: MHz and W, as the names say. */
    clocks?: Record<string, number>;
  }[];
  /** The engine's sizes and limits, as it told them. */
  engine: Record<string, unknown>;
  /** Processes that took part. */
  processes: ProcessRecord[];
  /** Sessions: what became of each hook in each process. */
  hooks: HookRecord[];
  /** Rows that were dropped, per table; a table without drops is listed with 0. */
  dropped: Record<string, number>;
  /** Tables of the user's own profilers: what they hold, with types and units. */
  tables?: OwnTable[];
  /** Every file of the bundle but this one. */
  artifacts: ArtifactRecord[];
  /** What a person should know. */
  notes: BundleNote[];
  /** What only captures of one recipe have: their window, their load, their parts. */
  capture?: Record<string, unknown>;
  /** The traces of a capture, whether or not they lie in the bundle. */
  captures?: CaptureRecord[];
  /** The stages of an automation, in their order; their bundles lie within this one. */
  stages?: StageRecord[];
  /** The vscope process that keeps the bundle open; gone once it is closed. */
  open_by?: { pid: number; start_ticks?: string; host: string };
}

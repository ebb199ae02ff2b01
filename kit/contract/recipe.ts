/**
 * What a recipe is: options, a pure plan, and a run that carries the plan out.
 *
 * @module
 */

import type { CommonValues } from "./common.ts";
import type { RunContext } from "./context.ts";
import type { Options, Values } from "./option.ts";
import type { ResolvedValue } from "./resolve.ts";
import type { Operand } from "./tool.ts";

/** What a plan is made from besides the recipe's own options. */
export interface Invocation {
  /** What follows `--`. */
  command: readonly string[];
  /** What the recipe's `operands` were given. */
  operands?: readonly string[];
  /** Values of the common options. */
  common: CommonValues;
  /** Every value and where it came from. */
  contract: Record<string, ResolvedValue>;
  /** The current folder, absolute. */
  cwd: string;
  /** The environment that processes inherit. */
  env: Readonly<Record<string, string>>;
  /** When vscope began. */
  startedAt: Date;
  /** Our process id, for the names of folders. */
  pid: number;
  /** What the recipe's `look` found. */
  found?: unknown;
}

/** A process that a plan starts. */
export interface PlannedProcess {
  /** As the plan and the logs name it. */
  name: string;
  /** Program and arguments. */
  argv: readonly string[];
  /** Variables that are added to the inherited environment. */
  env: Readonly<Record<string, string>>;
}

/** What a run will do, made without looking at the machine. */
export interface Plan<O extends Options> {
  /** Values of the recipe's own options. */
  values: Values<O>;
  /** What the plan was made from. */
  invocation: Invocation;
  /** The bundle's folder, absolute; empty where the run leaves none. */
  out: string;
  /** What will be started. */
  processes: readonly PlannedProcess[];
  /** Files that the bundle will hold, relative to `out`. */
  files: readonly { path: string; why: string }[];
  /** Disk that the run needs, besides what grows with its length. */
  diskBytes?: number;
  /** How long the run takes. */
  seconds?: number;
  /** Deno permissions, and rights on the machine. */
  permissions: readonly string[];
  /** What a person should think of before the run. */
  warnings: readonly string[];
  /** What cannot be known before something is started. */
  unknown: readonly string[];
  /** What a person should know before the run, and is no reason to worry. */
  notes?: readonly string[];
  /** What the plan of this recipe tells besides, as members of the document and as lines. */
  details?: { json: Readonly<Record<string, unknown>>; text: readonly string[] };
  /** What was asked for in the place of a run: it is printed, and nothing is started. */
  answer?: { json: Readonly<Record<string, unknown>>; text: string };
  /** The stages of a run that has such, in their order. */
  stages?: readonly PlannedStage[];
}

/** A part of a run that can be done again without the others. */
export interface PlannedStage {
  /** As the journal and the logs name it. */
  name: string;
  /** One line. */
  title: string;
  /** About how long it takes. */
  seconds: number;
  /** About how much room it takes. */
  diskBytes: number;
  /** Stages that have to have left something. */
  needs: readonly string[];
  /** Names of the plan's processes that it starts. */
  processes: readonly string[];
  /** What it leaves, relative to `out`. */
  files: readonly string[];
  /** When it is left out; absent for a stage that is always done. */
  condition?: string;
}

/** How a run ended. */
export interface Outcome {
  /** 0 done, 1 failed or partial, 130 or 143 interrupted. */
  exitCode: number;
  /** How the run ended; it belongs to the exit code. */
  status: "complete" | "partial" | "failed" | "interrupted";
  /** The bundle's folder. */
  bundle?: string;
  /** Printed with `--json`. */
  json: Record<string, unknown>;
  /** Printed on stdout otherwise. */
  text?: string;
}

/** A recipe. */
export interface Recipe<O extends Options = Options> {
  /** As it is typed. */
  name: string;
  /** One line for the list of recipes. */
  summary: string;
  /** A paragraph for `--help`. */
  description: string;
  /** Its own options; the common ones are added. */
  options: O;
  /** Whether a command follows `--`. */
  command: "required" | "optional" | "none";
  /** What follows `--` where that is no command, for the usage line. */
  rest?: string;
  /** What may stand behind the recipe's name; most take nothing. */
  operands?: readonly Operand[];
  /** Command lines, and what they are for. */
  examples: readonly { line: string; why: string }[];
  /** Further commands, named by the first word behind the recipe's name, as `nsys stop`: tools. */
  commands?: readonly { name: string; summary: string; load(): Promise<{ default: unknown }> }[];
  /**
   * Looks up what the plan depends on, as `invocation.found`: files are read, nothing is written and
   * nothing is started. Throws a UsageError for bad input.
   */
  look?(
    values: Values<O>,
    context: RunContext,
    operands: readonly string[],
  ): Promise<unknown>;
  /** Makes the plan. Pure: no clock, no file, no process. Throws a UsageError for bad input. */
  plan(values: Values<O>, invocation: Invocation): Plan<O>;
  /** Carries the plan out. */
  run(plan: Plan<O>, context: RunContext): Promise<Outcome>;
}

/**
 * Declares a recipe; the types of its values follow from its options.
 *
 * @example A recipe that says a word
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   defineRecipe,
 *   executeRecipe,
 *   type Invocation,
 *   type Outcome,
 *   type Plan,
 *   type PlannedProcess,
 *   type PlannedStage,
 *   type Recipe,
 *   systemContext,
 *   text,
 * } from "@vscope/vscope";
 *
 * const options = { word: text({ default: "done", doc: "What is said" }) };
 * const recipe: Recipe<typeof options> = defineRecipe({
 *   name: "say",
 *   summary: "says a word",
 *   description: "An example: it leaves nothing.",
 *   options,
 *   command: "none",
 *   examples: [{ line: "vscope say --word hello", why: "a greeting" }],
 *   plan(values, invocation: Invocation): Plan<typeof options> {
 *     const say: PlannedProcess = {
 *       name: "say",
 *       argv: ["python3", "-c", "import sys; print(sys.argv[1])", values.word],
 *       env: {},
 *     };
 *     const stage: PlannedStage = {
 *       ...{ name: "say", title: "says it", seconds: 1, diskBytes: 0 },
 *       ...{ needs: [], processes: ["say"], files: [] },
 *     };
 *     const nothing = { out: "", files: [], permissions: [], warnings: [], unknown: [] };
 *     return { values, invocation, processes: [say], stages: [stage], ...nothing };
 *   },
 *   async run({ processes: [say] }, { processes }): Promise<Outcome> {
 *     const { stdout } = await processes.capture(say!.argv);
 *     return { exitCode: 0, status: "complete", json: { said: stdout }, text: stdout.trim() };
 *   },
 * });
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const printed: string[] = [];
 * const output = { ...context.output, result: (text: string) => void printed.push(text) };
 * const code = await executeRecipe(recipe, ["--word", "hello"], { ...context, output });
 * await close();
 * assert.deepEqual([code, printed], [0, ["hello"]]);
 * ```
 */
export function defineRecipe<const O extends Options>(recipe: Recipe<O>): Recipe<O> {
  return recipe;
}

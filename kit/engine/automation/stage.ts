/**
 * What a stage is: a part of a run that can be done again without the others.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Invocation, Plan, PlannedProcess } from "../../contract/recipe.ts";
import type { Options } from "../../contract/option.ts";
import type { StageRecord } from "../../bundle/manifest.ts";
import type { AutomationValues } from "./options.ts";

/** What stages are made of. */
export interface Automation {
  /** As it was called: `quick`, `full`. */
  recipe: string;
  values: AutomationValues;
  invocation: Invocation;
  /** The bundle's folder, absolute. */
  out: string;
  /** The server's command. */
  serve: readonly string[];
}

/** How a stage ended. */
export interface StageEnd extends Pick<StageRecord, "reason" | "steps"> {
  status: "complete" | "partial" | "failed" | "interrupted";
}

/** A stage. */
export interface Stage {
  /** As the journal and the logs name it. */
  name: string;
  /** One line. */
  title: string;
  /** How long it takes, until something is known. */
  seconds: number;
  diskBytes: number;
  /** Whether most of its time is a start of vLLM: how long that takes is learned from the others. */
  startsEngine: boolean;
  /** Stages that have to have left something. */
  needs: readonly string[];
  /** The bundle that it works on, within the run's. */
  bundle?: string;
  /** Whether it begins that bundle: what an earlier try left there is then of no use. */
  begins?(context: RunContext): Promise<boolean>;
  processes: readonly PlannedProcess[];
  files: readonly { path: string; why: string }[];
  /** The plan of the recipe whose work it does, for what a person should know. */
  plan?: Plan<Options>;
  /** When it is left out, for the plan. */
  condition?: string;
  /**
   * Looks, before anything is started, whether what it needs is there.
   *
   * @throws {UsageError} when something is missing.
   */
  check?(context: RunContext): Promise<void>;
  /** Whether it is needed, and what told so; looked at when its turn comes. */
  needed?(context: RunContext): Promise<{ needed: boolean; why: string }>;
  /** Whether its work has been done: what counts is what is there. */
  done(context: RunContext): Promise<boolean>;
  /** Does its work. A UsageError or a RunError is a failure that it explains. */
  run(context: RunContext): Promise<StageEnd>;
}

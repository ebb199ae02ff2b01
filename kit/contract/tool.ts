/**
 * What a tool is: a command that is no recipe, because it starts no engine and leaves no bundle.
 *
 * @module
 */

import type { CommonValues } from "./common.ts";
import type { RunContext } from "./context.ts";
import type { Options, Values } from "./option.ts";

/** What a tool takes besides its options. */
export interface Operand {
  /** As it stands in the usage line, in capitals. */
  name: string;
  doc: string;
  required: boolean;
  /** Takes all that follow; only the last operand may. */
  many?: boolean;
  /** For completions. */
  leadsTo?: "file" | "folder";
  choices?: readonly string[];
}

/** What a tool gives back. */
export interface ToolResult {
  exitCode: number;
  /** Printed with `--json`. */
  json?: unknown;
  /** Printed on stdout otherwise. */
  text?: string;
}

/** A tool. */
export interface Tool<O extends Options = Options> {
  name: string;
  summary: string;
  description: string;
  options: O;
  operands: readonly Operand[];
  examples: readonly { line: string; why: string }[];
  run(
    values: Values<O>,
    operands: readonly string[],
    context: RunContext,
    common: CommonValues,
  ): Promise<ToolResult>;
}

/** A tool whose first operand names one of several commands, as `bundle merge`. */
export interface ToolGroup {
  name: string;
  summary: string;
  commands: readonly { name: string; summary: string; load(): Promise<{ default: Tool }> }[];
}

/** Declares a tool; the types of its values follow from its options. */
export function defineTool<const O extends Options>(tool: Tool<O>): Tool<O> {
  return tool;
}

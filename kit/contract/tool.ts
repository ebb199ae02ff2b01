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
  /** What it is, for `--help`. */
  doc: string;
  /** Whether it has to be given. */
  required: boolean;
  /** Takes all that follow; only the last operand may. */
  many?: boolean;
  /** For completions. */
  leadsTo?: "file" | "folder";
  /** The only words that are taken. */
  choices?: readonly string[];
}

/** What a tool gives back. */
export interface ToolResult {
  /** 0 done, 1 found something wrong. */
  exitCode: number;
  /** Printed with `--json`. */
  json?: unknown;
  /** Printed on stdout otherwise. */
  text?: string;
}

/** A tool. */
export interface Tool<O extends Options = Options> {
  /** As it is typed. */
  name: string;
  /** One line for the list of tools. */
  summary: string;
  /** A paragraph for `--help`. */
  description: string;
  /** Its own options; the common ones are added. */
  options: O;
  /** What it takes besides options, in their order. */
  operands: readonly Operand[];
  /** Command lines, and what they are for. */
  examples: readonly { line: string; why: string }[];
  /** Does the work. Throws a UsageError for bad input. */
  run(
    values: Values<O>,
    operands: readonly string[],
    context: RunContext,
    common: CommonValues,
  ): Promise<ToolResult>;
}

/** A tool whose first operand names one of several commands, as `bundle merge`. */
export interface ToolGroup {
  /** As it is typed. */
  name: string;
  /** One line for the list of tools. */
  summary: string;
  /** The commands, each loaded when it is called. */
  commands: readonly { name: string; summary: string; load(): Promise<{ default: Tool }> }[];
}

/**
 * Declares a tool; the types of its values follow from its options.
 *
 * @example A tool that counts lines
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   defineTool,
 *   executeTool,
 *   type Operand,
 *   systemContext,
 *   type Tool,
 *   type ToolGroup,
 *   type ToolResult,
 * } from "@vscope/vscope";
 *
 * const file: Operand = { name: "FILE", doc: "A text", required: true, leadsTo: "file" };
 * const lines: Tool = defineTool({
 *   name: "lines",
 *   summary: "how many lines a file has",
 *   description: "An example.",
 *   options: {},
 *   operands: [file],
 *   examples: [{ line: "vscope text lines README.md", why: "of this project" }],
 *   async run(_values, [path = ""], { files }): Promise<ToolResult> {
 *     const count = (await files.readTextFile(path)).split("\n").length - 1;
 *     return { exitCode: 0, json: { count }, text: String(count) };
 *   },
 * });
 * // Commands under one name: `vscope text lines FILE`.
 * const group: ToolGroup = {
 *   name: "text",
 *   summary: "about texts",
 *   commands: [{ name: "lines", summary: lines.summary, load: async () => ({ default: lines }) }],
 * };
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const printed: string[] = [];
 * const output = { ...context.output, result: (text: string) => void printed.push(text) };
 * const { default: loaded } = await group.commands[0]!.load();
 * assert.equal(await executeTool(loaded, ["LICENSE"], { ...context, output }), 0);
 * assert.ok(Number(printed[0]) > 100);
 * await close();
 * ```
 */
export function defineTool<const O extends Options>(tool: Tool<O>): Tool<O> {
  return tool;
}

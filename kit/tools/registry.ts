/**
 * The tools that the command line knows; each is loaded when it is called.
 *
 * @module
 */

import type { Tool, ToolGroup } from "../contract/tool.ts";

/** A tool that has not been loaded. */
export interface ToolEntry {
  name: string;
  summary: string;
  load(): Promise<{ default: Tool | ToolGroup }>;
}

async function only(module: Promise<{ default: unknown }>): Promise<{ default: Tool | ToolGroup }> {
  return { default: (await module).default as Tool | ToolGroup };
}

/** Every tool. */
export const tools: readonly ToolEntry[] = [
  {
    name: "analyze",
    summary: "tables and findings of a capture",
    load: () => only(import("./analyze.ts")),
  },
  {
    name: "report",
    summary: "one HTML page of a bundle",
    load: () => only(import("./report.ts")),
  },
  {
    name: "bundle",
    summary: "compare, gate, predict, validate, merge, lint and fit bundles",
    load: () => only(import("./bundle.ts")),
  },
  {
    name: "export",
    summary: "a session for other tools",
    load: () => only(import("./export.ts")),
  },
  {
    name: "hooks",
    summary: "the Python hooks, for a vLLM that is started without vscope",
    load: () => only(import("./hooks.ts")),
  },
  {
    name: "doctor",
    summary: "what is installed here, and what each recipe would need",
    load: () => only(import("./doctor.ts")),
  },
  {
    name: "self-check",
    summary: "whether vscope's own parts are unchanged",
    load: () => only(import("./self_check.ts")),
  },
  {
    name: "recipes",
    summary: "the recipes with their options, as a table, as JSON Schemas or as vscope.yaml",
    load: () => only(import("./recipes.ts")),
  },
  {
    name: "completions",
    summary: "completions for bash, zsh or fish",
    load: () => only(import("./completions.ts")),
  },
];

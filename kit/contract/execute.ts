/**
 * Runs a recipe or a tool from its command line to its exit code.
 *
 * @module
 */

import { readArguments } from "./argv.ts";
import { commonOptions, type CommonValues } from "./common.ts";
import { readConfig } from "./config.ts";
import type { RunContext } from "./context.ts";
import { messageOf, notAllowed, ReaderGone, RunError, UsageError } from "./errors.ts";
import { eventOutput } from "./events.ts";
import type { Options } from "./option.ts";
import { requireProcesses } from "./permissions.ts";
import { planJson, planText } from "./plan_text.ts";
import type { Recipe } from "./recipe.ts";
import { resolve } from "./resolve.ts";
import { suggestion } from "./suggest.ts";
import type { Operand, Tool, ToolGroup } from "./tool.ts";

/** Exit codes of a run that a signal ended. */
export const INTERRUPTED: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs a recipe; never throws. Returns the exit code.
 *
 * @example The plan of a recipe, as a document
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import monitor from "@vscope/vscope/recipes/monitor";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const printed: string[] = [];
 * const output = { ...context.output, result: (text: string) => void printed.push(text) };
 * const args = ["--dry-run", "--json", "--out", "run1", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(monitor, args, { ...context, output }), 0);
 * assert.equal(JSON.parse(printed.join("")).out, `${context.cwd}/run1`);
 * await close();
 * ```
 */
export async function executeRecipe<O extends Options>(
  recipe: Recipe<O>,
  argv: readonly string[],
  context: RunContext,
): Promise<number> {
  const further = recipe.commands?.find(({ name }) => name === argv[0]);
  if (further) {
    const { default: tool } = await further.load();
    return await executeTool(tool as Tool, argv.slice(1), context);
  }
  return await guarded(argv, context, recipe.name, async (context) => {
    const options = { ...recipe.options, ...commonOptions };
    const read = await readArguments(recipe.name, options, argv);
    if (read.flags["help"]) {
      const { recipeHelp } = await import("./help.ts");
      context.output.result(recipeHelp(recipe as unknown as Recipe, context.output.columns));
      return 0;
    }
    const common = commonOf(recipe.name, read.flags, context);
    if (common.events && (common.json || common.dryRun)) {
      throw new UsageError(
        `Cannot run ${recipe.name}: --events tells of a run as it goes, and ${
          common.json ? "--json is one document" : "--dry-run runs nothing"
        }; give one of them`,
      );
    }
    const file = await readConfig(
      context.files,
      context.cwd,
      recipe.name,
      recipe.options,
      common.config,
    );
    const { values, contract } = resolve(recipe.name, recipe.options, {
      flags: read.flags,
      env: context.env,
      file,
    });
    if (recipe.operands) checkOperands(recipe.name, recipe.operands, read.operands);
    else if (read.operands.length > 0) {
      throw new UsageError(
        `Cannot run ${recipe.name}: "${read.operands[0]}" is no option; ` +
          (recipe.command !== "none"
            ? `put the command behind "--": vscope ${recipe.name} -- ${read.operands.join(" ")}`
            : "leave it out"),
      );
    }
    checkCommand(recipe as unknown as Recipe, read.command);
    const found = await recipe.look?.(values, context, read.operands);
    const plan = recipe.plan(values, {
      command: read.command ?? [],
      operands: read.operands,
      common,
      contract,
      cwd: context.cwd,
      env: context.env,
      startedAt: context.clock.now(),
      pid: Deno.pid,
      found,
    });
    if (plan.answer) {
      const { json, text } = plan.answer;
      if (common.events) context.output.event?.("answer", json);
      else context.output.result(common.json ? JSON.stringify(json, null, 2) : text);
      return 0;
    }
    if (common.dryRun) {
      context.output.result(
        common.json
          ? JSON.stringify(planJson(recipe.name, plan), null, 2)
          : planText(recipe.name, plan),
      );
      return 0;
    }
    if (plan.processes.length > 0) await requireProcesses(recipe.name, context.files);
    context.output.event?.("begin", { recipe: recipe.name, bundle: plan.out, pid: Deno.pid });
    for (const warning of plan.warnings) context.output.warn(warning);
    const outcome = await recipe.run(plan, context);
    if (common.events) {
      const { status, exitCode, json } = outcome;
      context.output.event?.("end", {
        recipe: recipe.name,
        status,
        exit_code: exitCode,
        result: json,
      });
    } else if (common.json) context.output.result(JSON.stringify(outcome.json, null, 2));
    else if (outcome.text) context.output.result(outcome.text);
    return outcome.exitCode;
  });
}

/**
 * Runs a tool; never throws. Returns the exit code.
 *
 * @example Bad input is a sentence and exit code 2
 * ```ts
 * import assert from "node:assert/strict";
 * import { defineTool, executeTool, systemContext, UsageError } from "@vscope/vscope";
 *
 * const tool = defineTool({
 *   name: "never",
 *   summary: "an example",
 *   description: "It takes nothing.",
 *   options: {},
 *   operands: [],
 *   examples: [],
 *   run: () => Promise.reject(new UsageError("Cannot do that: nothing is wanted")),
 * });
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const said: string[] = [];
 * const output = { ...context.output, error: (text: string) => void said.push(text) };
 * assert.equal(await executeTool(tool, [], { ...context, output }), 2);
 * assert.deepEqual(said, ["Cannot do that: nothing is wanted"]);
 * await close();
 * ```
 */
export function executeTool<O extends Options>(
  tool: Tool<O>,
  argv: readonly string[],
  context: RunContext,
): Promise<number> {
  return guarded(argv, context, undefined, async (context) => {
    const read = await readArguments(tool.name, { ...tool.options, ...commonOptions }, argv);
    if (read.flags["help"]) {
      const { toolHelp } = await import("./help.ts");
      context.output.result(toolHelp(tool as unknown as Tool, context.output.columns));
      return 0;
    }
    const common = commonOf(tool.name, read.flags, context);
    if (read.flags["events"]) {
      throw new UsageError(
        `Cannot run ${tool.name}: --events is for recipes, which take long; give --json`,
      );
    }
    const file = await readConfig(
      context.files,
      context.cwd,
      tool.name,
      tool.options,
      common.config,
    );
    const { values } = resolve(tool.name, tool.options, {
      flags: read.flags,
      env: context.env,
      file,
    });
    const operands = [...read.operands, ...(read.command ?? [])];
    checkOperands(tool.name, tool.operands, operands);
    const result = await tool.run(values, operands, context, common);
    if (common.json && result.json !== undefined) {
      context.output.result(JSON.stringify(result.json, null, 2));
    } else if (!common.json && result.text) {
      context.output.result(result.text);
    }
    return result.exitCode;
  });
}

function commonOf(
  subject: string,
  flags: Parameters<typeof resolve>[2]["flags"],
  context: RunContext,
): CommonValues {
  return resolve(subject, commonOptions, { flags: flags ?? {}, env: context.env }).values;
}

function checkCommand(recipe: Recipe, command: readonly string[] | undefined): void {
  const example = recipe.examples[0]?.line ?? `vscope ${recipe.name} --help`;
  if (recipe.command === "required" && !command?.length) {
    throw new UsageError(
      `Cannot run ${recipe.name}: no command follows "--"; give the one to be profiled, as ${example}`,
    );
  }
  if (recipe.command === "none" && command?.length) {
    throw new UsageError(
      `Cannot run ${recipe.name}: it takes no command, and "${
        command[0]
      }" follows "--"; leave it out`,
    );
  }
}

function checkOperands(
  subject: string,
  declared: readonly Operand[],
  operands: readonly string[],
): void {
  const missing = declared.slice(operands.length).find(({ required }) => required);
  if (missing) {
    throw new UsageError(
      `Cannot run ${subject}: ${missing.name} is missing; give ${missing.doc.toLowerCase()}`,
    );
  }
  if (operands.length > declared.length && !declared.at(-1)?.many) {
    throw new UsageError(
      `Cannot run ${subject}: "${operands[declared.length]}" is one operand too many; leave it out`,
    );
  }
  for (const [place, operand] of operands.entries()) {
    const { name, choices } = declared[Math.min(place, declared.length - 1)]!;
    if (choices && !choices.includes(operand)) {
      throw new UsageError(
        `Cannot run ${subject}: ${name} is "${operand}"; give one of ${choices.join(", ")}`,
      );
    }
  }
}

/** How a command line wants its result, read ahead of everything that may fail. */
function formatOf(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  recipe: string | undefined,
): "events" | "json" | "text" {
  const options = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  const events = options.some((word) => /^--events(=|$)/.test(word)) || env["VSCOPE_EVENTS"];
  if (recipe !== undefined && events) return "events";
  const json = options.includes("--json") ||
    !/^(|0|false|no|off)$/i.test(env["VSCOPE_JSON"]?.trim() ?? "");
  return json ? "json" : "text";
}

/** Turns what is thrown into one sentence and an exit code. */
async function guarded(
  argv: readonly string[],
  outside: RunContext,
  recipe: string | undefined,
  run: (context: RunContext) => Promise<number>,
): Promise<number> {
  const format = formatOf(argv, outside.env, recipe);
  const { terminal: _, ...plain } = outside;
  const context: RunContext = format === "events"
    // Standard output belongs to the events: nothing is drawn there.
    ? { ...plain, output: eventOutput(outside.output, outside.clock) }
    : outside;
  const { output } = context;
  try {
    return await run(context);
  } catch (thrown) {
    if (thrown instanceof ReaderGone) return 0;
    const error = notAllowed(thrown) ?? thrown;
    const interrupted = context.signal.aborted
      ? INTERRUPTED[String(context.signal.reason)]
      : undefined;
    const exitCode = interrupted ?? (error instanceof UsageError ? 2 : 1);
    const expected = error instanceof UsageError || error instanceof RunError;
    const message = expected
      ? messageOf(error)
      : `Stopped by an error of vscope itself: ${messageOf(error)}`;
    output.error(message);
    if (!expected && error instanceof Error) output.detail(error.stack ?? "");
    if (format === "events") {
      output.event?.("end", { recipe, exit_code: exitCode, error: { message } });
    } else if (format === "json") {
      const document = { schema_version: 1, error: { message, exit_code: exitCode } };
      output.result(JSON.stringify(document, null, 2));
    }
    return exitCode;
  }
}

/** Runs the command of a group that the first word names; never throws. */
export async function executeGroup(
  group: ToolGroup,
  argv: readonly string[],
  context: RunContext,
): Promise<number> {
  const [name, ...rest] = argv;
  const entry = group.commands.find((command) => command.name === name);
  if (entry) return await executeTool((await entry.load()).default, rest, context);
  const list = group.commands.map((command) => `  ${command.name.padEnd(12)}${command.summary}`);
  if (name === undefined || name === "--help" || name === "-h") {
    context.output.result(
      `Usage: vscope ${group.name} COMMAND\n\n${group.summary}\n\nCommands:\n${list.join("\n")}`,
    );
    return name === undefined ? 2 : 0;
  }
  const names = group.commands.map((command) => command.name);
  context.output.error(
    `Cannot run ${group.name} "${name}": there is no such command` +
      `${await suggestion(name, names)} (see "vscope ${group.name} --help")`,
  );
  return 2;
}

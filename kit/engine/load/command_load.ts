/**
 * A command as the load: `vllm bench serve`, or a program of the user's.
 *
 * @module
 */

import type { RunContext, RunningProcess } from "../../contract/context.ts";
import { RunError, UsageError } from "../../contract/errors.ts";
import { lastLines } from "../system/log_tail.ts";
import { baseName, unwrapped } from "../python/python_of.ts";
import type { Load } from "./load.ts";

/** The load's output within the bundle. */
const LOAD_LOG = "logs/load.log";

/** What `vllm bench serve --profile` prints when it turns to the profiler. */
const STARTING = /Starting profiler/;

/** Whether a command starts and stops the profiler itself. */
export function profilesItself(argv: readonly string[]): boolean {
  const bench = argv.some((word, place) =>
    (word === "serve" && argv[place - 1] === "bench") ||
    baseName(word) === "benchmark_serving.py"
  );
  return bench && argv.includes("--profile");
}

/** Runs a command while the profiler is on, and to its own end. */
export function commandLoad(context: RunContext, dir: string, argv: readonly string[]): Load {
  const log = `${dir}/${LOAD_LOG}`;
  let process: RunningProcess | undefined;
  const load: Load = {
    name: argv.slice(0, 3).map(baseName).join(" "),
    startsProfiler: profilesItself(argv),
    runsOn: true,
    async run(signal) {
      process = await context.processes.start({ argv, stdoutPath: log, stderrPath: log });
      const given = new Promise<"given up">((resolve) =>
        signal.addEventListener("abort", () => resolve("given up"), { once: true })
      );
      const end = await Promise.race([process.ended, given]);
      if (end === "given up") {
        await process.end(5000);
        return;
      }
      await process.end(0);
      if (end.code === 0 && !end.signal) return;
      const [line = ""] = await lastLines(context.files, log, 1);
      throw new RunError(
        `The load "${load.name}" ended with ${end.signal ?? `exit code ${end.code}`}; ` +
          `the end of ${LOAD_LOG}: ${line}`,
      );
    },
  };
  if (load.startsProfiler) {
    load.began = async (signal) => {
      while (!signal.aborted) {
        const lines = await lastLines(context.files, log, 200);
        if (lines.some((line) => STARTING.test(line))) return;
        context.output.progress(`Load: ${lines.at(-1) ?? "starting"}`);
        await context.clock.sleep(200, signal);
      }
    };
  }
  return load;
}

/**
 * `vllm bench serve` against a server, with the user's arguments.
 *
 * @param server The server's own argv: the benchmark is of the same vLLM.
 */
export function benchArgv(
  server: readonly string[],
  baseUrl: string,
  text: string,
  model: { id: string; root: string } | undefined,
  subject?: string,
): string[] {
  const words = splitWords(text, subject);
  const has = (flag: string) => words.some((word) => word === flag || word.startsWith(`${flag}=`));
  return [
    ...vllmOf(server),
    "bench",
    "serve",
    ...(has("--base-url") || has("--host") || has("--port") ? [] : ["--base-url", baseUrl]),
    ...(has("--model") || model === undefined ? [] : ["--model", model.root]),
    ...(has("--served-model-name") || model === undefined || model.id === model.root
      ? []
      : ["--served-model-name", model.id]),
    ...words,
  ];
}

/** How a command calls vLLM's own command line. */
function vllmOf(server: readonly string[]): string[] {
  const words = unwrapped(server);
  const serve = words.indexOf("serve");
  if (serve > 0) return words.slice(0, serve);
  const module = words.indexOf("-m");
  return module > 0 ? [...words.slice(0, module), "-m", "vllm.entrypoints.cli.main"] : ["vllm"];
}

/**
 * The words of a text, as a shell would split it: quotes and backslashes, and nothing else.
 *
 * @param subject The recipe, for the message.
 *
 * @throws {UsageError} when a quote is not closed.
 */
export function splitWords(text: string, subject = "torch"): string[] {
  const words: string[] = [];
  const part = /\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/gy;
  const rest = text.trimEnd();
  while (part.lastIndex < rest.length) {
    const at = part.lastIndex;
    const match = part.exec(rest);
    if (!match) {
      throw new UsageError(
        `Cannot run ${subject}: option "--bench" is ${
          JSON.stringify(text)
        }, which cannot be split into ` +
          `words from "${rest.slice(at, at + 20).trim()}" on; close its quotes`,
      );
    }
    words.push(
      match[1]!.replace(
        /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
        (_, double?: string, single?: string, escaped?: string) =>
          double?.replace(/\\(.)/gs, "$1") ?? single ?? escaped ?? "",
      ),
    );
  }
  return words;
}

/**
 * Which Python a command will run, told from its argv and from the first lines of a script.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { askPython } from "./ask_python.ts";
import pythonFactsSource from "./python_facts.py" with { type: "text" };

/** What an interpreter has installed; undefined parts are not there. */
export interface PythonFacts {
  python: string;
  executable: string;
  vllm?: string;
  vllm_location?: string;
  torch?: string;
  /** NVIDIA's ranges for Python. */
  nvtx?: string;
  /** The plugin for Apple Silicon, and the array library under it. */
  vllm_metal?: string;
  mlx?: string;
}

/** Words that run what follows them, and those of their options that take a value. */
const WRAPPERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["env", ["-u", "-C", "-S"]],
  ["nice", ["-n"]],
  ["nohup", []],
  ["time", ["-f", "-o"]],
  ["stdbuf", ["-i", "-o", "-e"]],
  ["numactl", []],
  ["taskset", []],
  ["chrt", []],
  ["setsid", []],
  ["exec", []],
]);

/** argv without what only changes how it runs, as `env A=b`, `nice -n 5`. */
export function unwrapped(argv: readonly string[]): readonly string[] {
  let rest = argv;
  for (;;) {
    const word = baseName(rest[0] ?? "");
    const valued = WRAPPERS.get(word);
    if (!valued) return rest;
    let place = 1;
    if (word === "taskset" && !rest[1]?.startsWith("-")) place = 2;
    for (; place < rest.length; place++) {
      const option = rest[place]!;
      if (valued.includes(option) || (word === "taskset" && option === "-c")) place++;
      else if (!option.startsWith("-") && !(word === "env" && option.includes("="))) break;
    }
    if (place >= rest.length) return rest;
    rest = rest.slice(place);
  }
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether a program's name is that of a Python. */
export function isPython(program: string): boolean {
  return /^python(\d+(\.\d+)*)?$/.test(baseName(program));
}

/**
 * The interpreter behind a command: the program itself, or the one that its script names.
 *
 * @returns undefined where the command is no Python that can be told, as a container's.
 */
export async function pythonOf(
  context: RunContext,
  argv: readonly string[],
): Promise<string | undefined> {
  const program = unwrapped(argv)[0];
  if (program === undefined) return undefined;
  if (isPython(program)) return program;
  const path = await onPath(context, program);
  if (path === undefined) return undefined;
  return interpreterOf(await firstLines(context, path));
}

/** The Python that the head of a console script names. */
export function interpreterOf(head: string): string | undefined {
  const [first = "", second = ""] = head.split("\n");
  if (!first.startsWith("#!")) return undefined;
  const words = first.slice(2).trim().split(/\s+/);
  if (baseName(words[0] ?? "") === "env") {
    const named = words.slice(1).find((word) => !word.startsWith("-") && !word.includes("="));
    return named && isPython(named) ? named : undefined;
  }
  if (isPython(words[0] ?? "")) return words[0];
  // pip and uv write this form where the interpreter's path is too long, or holds a space.
  const long = /^'''exec' '?"?([^'"]+?)"?'? "\$0"/.exec(second);
  return long?.[1];
}

/** Where a program lies. */
export async function onPath(context: RunContext, program: string): Promise<string | undefined> {
  const candidates = program.includes("/")
    ? [program]
    : (context.env["PATH"] ?? "").split(":").map((folder) => `${folder || "."}/${program}`);
  for (const candidate of candidates) {
    try {
      const found = await context.files.stat(candidate);
      if (found.isFile && (found.mode ?? 0o111) & 0o111) return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

async function firstLines(context: RunContext, path: string): Promise<string> {
  using file = await context.files.open(path, { read: true });
  const buffer = new Uint8Array(2048);
  const count = await file.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, count));
}

/** Asks an interpreter what it has; undefined when it cannot be run. */
export async function pythonFacts(
  context: RunContext,
  python: string,
): Promise<PythonFacts | undefined> {
  const facts = await askPython(
    context,
    python,
    "kit/engine/python/python_facts.py",
    pythonFactsSource,
  );
  if (facts === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(facts as object).filter(([, value]) => value !== null),
  ) as unknown as PythonFacts;
}

/**
 * What a manifest says that may be why figures differ.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import { type Fact, FACT_SUBJECTS, type FactSubject } from "./figure.ts";

const VERSIONS: Readonly<Record<string, FactSubject>> = {
  vllm: "vllm",
  vllm_metal: "vllm",
  mlx: "vllm",
  torch: "driver",
  cuda: "driver",
  driver: "driver",
  python: "driver",
  macos: "driver",
  xcode: "driver",
  vscope: "recipe",
};

/** Flags and options that are another one in each run, and change nothing that is measured. */
const OF_THE_RUN = new Set(["port", "host", "out", "json", "quiet", "verbose", "log", "python"]);

/** Parts of the engine's record that are of the run. */
const ENGINE_OF_THE_RUN = /^(model|.*(path|url|port|dir|pid))$|^tp\d+\.modules/;

/** Facts of a manifest, in the order of {@linkcode FACT_SUBJECTS}. */
export function factsOf(manifest: Manifest): Fact[] {
  const { versions, devices, engine, contract, command } = manifest;
  const found: Fact[] = [{ subject: "recipe", name: "recipe", value: manifest.recipe }];
  for (const [name, value] of Object.entries(versions)) {
    const subject = VERSIONS[name];
    if (subject && value !== undefined) found.push({ subject, name, value });
  }
  const model = engine["model"];
  if (typeof model === "string") {
    found.push({ subject: "model", name: "model", value: lastPart(model) });
  }
  for (const [name, value] of flat(engine)) {
    const own = name.startsWith("model_config.");
    if (!own && ENGINE_OF_THE_RUN.test(name)) continue;
    found.push({ subject: own ? "model" : "engine", name, value });
  }
  found.push(...deviceFacts(devices));
  for (const [name, { value }] of Object.entries(contract)) {
    if (OF_THE_RUN.has(name) || value === undefined || value === null) continue;
    found.push({ subject: "flags", name, value: plain(value) });
  }
  found.push(...commandFacts(command));
  return inOrder(found);
}

/** Sorts facts by their subject; within one they stay as they are. */
export function inOrder(facts: readonly Fact[]): Fact[] {
  return FACT_SUBJECTS.flatMap((subject) => facts.filter((fact) => fact.subject === subject));
}

function deviceFacts(devices: Manifest["devices"]): Fact[] {
  const kinds = [...new Set(devices.map(({ kind }) => kind))].toSorted();
  return kinds.flatMap((kind): Fact[] => {
    const own = devices.filter((device) => device.kind === kind);
    const names = own.map(({ name, count }) => count === undefined ? name : `${count} × ${name}`);
    const memory = own.map(({ memory_bytes }) => memory_bytes).filter((bytes) =>
      bytes !== undefined
    );
    const clocks = [...new Set(own.flatMap((device) => Object.keys(device.clocks ?? {})))];
    return [
      { subject: "hardware", name: kind, value: names.toSorted().join(", ") },
      ...(memory.length === 0
        ? []
        : [{ subject: "hardware" as const, name: `${kind} memory_bytes`, value: plain(memory) }]),
      ...clocks.map((name): Fact => ({
        subject: "clocks",
        name: `${kind} ${name}`,
        value: [...new Set(own.map((device) => device.clocks?.[name] ?? "not told"))].join(", "),
      })),
    ];
  });
}

/** `--flag value` of the command that ran; what is no flag is one fact. */
function commandFacts(command: readonly string[]): Fact[] {
  const found: Fact[] = [];
  const words: string[] = [];
  for (let place = 0; place < command.length; place++) {
    const word = command[place]!;
    if (!/^--?[a-z]/i.test(word)) {
      words.push(lastPart(word));
      continue;
    }
    const [flag = "", own] = word.split(/=(.*)/s, 2);
    const next = command[place + 1];
    const takesNext = own === undefined && next !== undefined && !/^--?[a-z]/i.test(next);
    const name = flag.replace(/^--?/, "");
    if (takesNext) place++;
    if (OF_THE_RUN.has(name)) continue;
    found.push({
      subject: "flags",
      name: `command --${name}`,
      value: own ?? (takesNext ? next : true),
    });
  }
  if (words.length > 0) {
    found.unshift({ subject: "flags", name: "command", value: words.join(" ") });
  }
  return found;
}

/** Scalars within an object by their path; a list is one of them. */
function flat(value: Readonly<Record<string, unknown>>, prefix = ""): [string, Fact["value"]][] {
  return Object.entries(value).flatMap(([name, inner]): [string, Fact["value"]][] => {
    if (inner === null || inner === undefined) return [];
    if (typeof inner === "object" && !Array.isArray(inner)) {
      return flat(inner as Record<string, unknown>, `${prefix}${name}.`);
    }
    return [[prefix + name, plain(inner)]];
  });
}

function plain(value: unknown): Fact["value"] {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : JSON.stringify(value);
}

/** Paths are another one on each machine. */
function lastPart(path: string): string {
  return /^[./~]/.test(path) ? path.slice(path.lastIndexOf("/") + 1) : path;
}

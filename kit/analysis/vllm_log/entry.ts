/**
 * A line of a log taken apart: who wrote it, when, and what it says.
 *
 * @module
 */

import { readStamp, type Stamp } from "./stamp.ts";

/** A line. */
export interface Entry {
  readonly message: string;
  /** `EngineCore_DP0`, `APIServer` …, where the line names its process. */
  readonly process?: string;
  readonly pid?: number;
  readonly stamp?: Stamp;
  /** The line has the form of Python's logging as vLLM sets it up. */
  readonly logged: boolean;
}

// deno-lint-ignore no-control-regex -- colours are control characters.
const COLOURS = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

/**
 * vLLM's own form. What stands before it (a container's name, another clock, a prefix of the user)
 * may be anything that quotes nothing: behind a quote stands what somebody sent, not what vLLM says.
 */
const VLLM =
  /^([^"'{}]{0,240}?)\b(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+((?:\d{4}-)?\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)\s+\[[^\]"']*:\d+\] ?(.*)$/s;

const PROCESS = /\(([^()\s][^()]*?) pid=(\d+)[^()]*\)/g;

/** A clock before the line: of a container runtime, a journal, a logging format of one's own. */
const LEADING_STAMP = /^\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)/;

/** Lines without vLLM's form whose message begins with what only vLLM writes. */
const BARE =
  /^([^"'{}]{0,240}?)((?:Engine \d+: |\d+ Engines Aggregated: )?(?:Iteration\(\d|Avg prompt throughput:).*)$/s;

/** Takes a line apart. */
export function readEntry(line: string): Entry {
  const text = line.includes("\x1b") ? line.replaceAll(COLOURS, "") : line;
  if (text.startsWith("{")) {
    const entry = readJson(text);
    if (entry) return entry;
  }
  const found = VLLM.exec(text);
  if (found) {
    const [, before, stamp, message] = found as unknown as [string, string, string, string];
    return { message: message.trimEnd(), ...writer(before), ...stamped(stamp), logged: true };
  }
  const [, before, message] = BARE.exec(text) ?? [];
  if (message !== undefined) {
    return {
      message: message.trimEnd(),
      ...writer(before!),
      ...stamped(LEADING_STAMP.exec(before!)?.[1]),
      logged: false,
    };
  }
  return { message: text.trimEnd(), logged: false };
}

/** The innermost process that is named: what Ray puts before it stands further out. */
function writer(before: string): Pick<Entry, "process" | "pid"> {
  const [, process, pid] = [...before.matchAll(PROCESS)].at(-1) ?? [];
  return process === undefined ? {} : { process, pid: Number(pid) };
}

function stamped(text: string | undefined): Pick<Entry, "stamp"> {
  const stamp = text === undefined ? undefined : readStamp(text);
  return stamp ? { stamp } : {};
}

/** A line of `--log-formatter json`, of another JSON formatter, or of a container runtime. */
function readJson(text: string): Entry | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const told = (...keys: string[]) =>
    keys.map((key) => parsed[key]).find((value) => typeof value === "string") as string | undefined;
  const message = told("message", "msg");
  const time = told("asctime", "timestamp", "time", "@timestamp");
  if (message !== undefined) {
    const process = told("vllm_process_name", "processName");
    const pid = parsed["process"];
    return {
      message: message.trimEnd(),
      ...(process === undefined ? {} : { process }),
      ...(typeof pid === "number" ? { pid } : {}),
      ...stamped(time),
      logged: told("levelname", "level") !== undefined,
    };
  }
  const log = told("log");
  if (log === undefined || log.startsWith("{")) return undefined;
  const entry = readEntry(log);
  return entry.stamp ? entry : { ...entry, ...stamped(time) };
}

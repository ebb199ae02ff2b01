/**
 * The plan of a run with session profilers.
 *
 * @module
 */

import type { Options, Values } from "../../contract/option.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { folderName } from "../../bundle/bundle_folder.ts";
import { SESSION_TABLES } from "../../bundle/session/session_tables.ts";
import { OWN_FOLDER } from "../../bundle/session/own_tables.ts";
import { hooksEnvironment } from "../python/hooks_package.ts";
import { OWN_PROFILERS_VARIABLE } from "../python/own_profilers.ts";
import {
  checkProfilers,
  HOOKS_FOLDER,
  sessionEnvironment,
  type SessionValues,
} from "./session_options.ts";

/** An absolute path. */
export function absolute(path: string, cwd: string): string {
  return path.startsWith("/") ? path : `${cwd}/${path}`;
}

/** The files with profilers of the user's own, absolute. */
export function ownProfilers(values: SessionValues, cwd: string): string[] {
  return values.enableProfiling === "0"
    ? []
    : (values.profiler ?? []).map((path) => absolute(path, cwd));
}

/** The folder that a session goes to. */
function sessionFolder(values: SessionValues, invocation: Invocation): string {
  const { common, cwd, startedAt, pid } = invocation;
  const chosen = common.out ?? `${values.profilingDir}/${folderName("session", startedAt, pid)}`;
  return absolute(chosen, cwd).replace(/(?<=.)\/+$/, "");
}

/** Plans `command` with the hooks in it; `env` is added to what the hooks need. */
export function planSession<O extends Options>(
  values: Values<O> & SessionValues,
  invocation: Invocation,
  command: { argv: readonly string[]; env?: Record<string, string> },
): Plan<O> {
  checkProfilers(values);
  const out = sessionFolder(values, invocation);
  const own = ownProfilers(values, invocation.cwd);
  const hooks = values.enableProfiling === "0" ? {} : {
    ...(own.length === 0 ? {} : { [OWN_PROFILERS_VARIABLE]: own.join(",") }),
    ...hooksEnvironment(`${out}/${HOOKS_FOLDER}`, invocation.env),
    VSCOPE_SESSION_DIR: out,
    VSCOPE_SESSION_START: String(invocation.startedAt.getTime() / 1000),
  };
  return {
    values,
    invocation,
    out,
    processes: [{
      name: "vllm",
      argv: command.argv,
      env: { ...command.env, ...sessionEnvironment(values, invocation.env), ...hooks },
    }],
    files: [
      { path: "bundle.json", why: "what ran, how it ended, which hooks worked" },
      { path: "metadata.json", why: "the session and its toggles" },
      ...Object.values(SESSION_TABLES).map(({ path, row }) => ({ path, why: row })),
      ...(own.length === 0 ? [] : [{
        path: `${OWN_FOLDER}/`,
        why: `${own.map((path) => path.split("/").at(-1)).join(", ")}, and what they recorded`,
      }]),
      { path: "session_summary.json", why: "requests, latencies and the account of tokens" },
      { path: "logs/", why: "what the command printed" },
      { path: "processes/", why: "what each process recorded" },
    ],
    permissions: [
      "run the command and read /proc, to end all that it starts",
      `write ${out}`,
      "no right of the administrator",
    ],
    warnings: values.enableProfiling === "0"
      ? ["VLLM_ENABLE_PROFILING is 0: vLLM runs untouched and the session will hold no rows"]
      : [],
    unknown: [
      "which of the hooks the installed vLLM has the symbols for",
      "rows per second: about 1 kB a step of the engine",
    ],
  };
}

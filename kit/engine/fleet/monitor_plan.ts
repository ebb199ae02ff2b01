/**
 * The plan of `vscope monitor`, on this machine or on a cluster.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { flagOf, type Option, type Values } from "../../contract/option.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { isSecret } from "../../bundle/unsecret.ts";
import { isPath } from "../../fleet/s3_place.ts";
import { clusterAddress } from "../../fleet/where.ts";
import { variablesAlong } from "../../fleet/session_job.ts";
import { planSession } from "../session/session_plan.ts";
import { PLUGIN_NAME } from "../python/hooks_package.ts";
import { planWatched } from "../vllm_metrics/measuring_plan.ts";
import { commandOptions } from "../session/watched_command.ts";
import { sessionEnvironment } from "../session/session_options.ts";
import { monitorFleetOptions } from "./monitor_options.ts";

/** Options of `vscope monitor`. */
export const monitorOptions = { ...commandOptions, ...monitorFleetOptions };

/** Values of {@linkcode monitorOptions}. */
export type MonitorValues = Values<typeof monitorOptions>;

/** In the place of a secret. */
const SET = "(secret)";

/** What works only with a command of this machine. */
const HERE_ONLY = ["measureOverhead", "metrics", "withVllmMetrics", "profiler"] as const;

/**
 * Makes the plan. Pure.
 *
 * @throws {UsageError} where an option does not fit where the command runs.
 */
export function planMonitor(
  values: MonitorValues,
  invocation: Invocation,
): Plan<typeof monitorOptions> {
  if (values.on === undefined) {
    refuseFleetOptions(invocation);
    return planWatched(planSession(values, invocation, { argv: invocation.command }), values);
  }
  const on = clusterAddress(values.on, "monitor");
  const wrong = HERE_ONLY.find((name) => {
    const value = values[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (wrong !== undefined) {
    throw new UsageError(
      `Cannot run monitor on "${values.on}": --${
        flagOf(wrong)
      } is for a command on this machine; leave it out`,
    );
  }
  if (values.storage !== undefined && !isPath(values.storage)) {
    throw new UsageError(
      `Cannot run monitor: --storage is an address (${
        /^[^:]*/.exec(values.storage)
      }:…), and what is recorded ` +
        "comes home through a folder or the job's log; give a folder that this machine and the cluster " +
        "share, or leave --storage out",
    );
  }
  const along = Object.fromEntries(
    Object.entries(jobEnvironment(values, invocation.env)).map(([name, value]) => [
      name,
      isSecret(name, value) ? SET : value,
    ]),
  );
  const plan = planSession(values, withoutSecrets(values, invocation), {
    argv: invocation.command,
  });
  const names = Object.keys(along).sort();
  return {
    ...plan,
    processes: [{ name: "vllm", argv: invocation.command, env: along }],
    permissions: [`write ${plan.out}`, `connect to ${on}`],
    notes: [
      ...plan.notes ?? [],
      `The command runs as a job on ${on}` +
      (names.length === 0 ? "" : `, with ${names.join(", ")} of this machine or of the options`),
      "The same command finds the job again; a job that is there already keeps its folder",
    ],
  };
}

/**
 * The variables of the job, but for those that tell the hooks where they write: what the options say, vLLM's own of
 * this machine, and those that were asked for.
 *
 * @throws {UsageError} where one that was asked for is not set.
 */
export function jobEnvironment(
  values: MonitorValues,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const options = sessionEnvironment(values, {});
  delete options["VLLM_PROFILING_DIR"];
  const own: Record<string, string> = {};
  for (const wanted of values.jobEnv ?? []) {
    const [, name, given] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(wanted) ?? [];
    const value = given ?? env[name ?? ""];
    if (name === undefined || value === undefined) {
      throw new UsageError(
        `Cannot run monitor: --job-env "${wanted}" ${
          name === undefined ? "is no variable" : "is not set here"
        }; give NAME=VALUE, or the name of a variable that is set`,
      );
    }
    own[name] = value;
  }
  const along = { ...variablesAlong(env), ...options, ...own };
  const plugins = along["VLLM_PLUGINS"];
  if (plugins === undefined) return along;
  const names = [...new Set([...plugins.split(",").filter(Boolean), PLUGIN_NAME])];
  return { ...along, VLLM_PLUGINS: names.join(",") };
}

/** Nothing that is printed or stored has the value of a secret. */
function withoutSecrets(values: MonitorValues, invocation: Invocation): Invocation {
  const named = invocation.contract["job-env"];
  if (!named || values.jobEnv === undefined) return invocation;
  const value = values.jobEnv.map((text) => {
    const [, name, given] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    return name !== undefined && isSecret(name, given ?? "") ? `${name}=${SET}` : text;
  });
  return { ...invocation, contract: { ...invocation.contract, "job-env": { ...named, value } } };
}

function refuseFleetOptions({ contract }: Invocation): void {
  const given = Object.entries<Option<unknown>>(monitorFleetOptions).find(([name, option]) =>
    name !== "on" && option.secret !== true && contract[flagOf(name)]?.source === "flag"
  )?.[0];
  if (given === undefined) return;
  throw new UsageError(
    `Cannot run monitor: --${flagOf(given)} is for a cluster, and none is given; give --on ` +
      `http://HOST:8265, or leave --${flagOf(given)} out`,
  );
}

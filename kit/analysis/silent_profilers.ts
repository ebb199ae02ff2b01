/**
 * Profilers that recorded nothing because nothing of this vLLM could be watched.
 *
 * @module
 */

import { EXPECTED_ABSENCE } from "../bundle/merge/hook_coverage.ts";
import type { HookRecord } from "../bundle/manifest.ts";

/** Under this name the expert profiler tells whether it counts at all. */
const COUNTERS = "counters";

/**
 * Profilers of which every hook is absent, in every process, with the reasons; without those that
 * were switched off or that the run had no use for. A profiler that needs counters is silent where
 * no process has them, whatever its hooks.
 */
export function silentProfilers(
  hooks: readonly HookRecord[],
): { name: string; reasons: string[] }[] {
  const silent: { name: string; reasons: string[] }[] = [];
  for (const name of new Set(hooks.map((hook) => hook.name))) {
    const own = hooks.filter((hook) => hook.name === name);
    const counters = own.filter(({ symbol }) => symbol === COUNTERS);
    const deciding = counters.length > 0 ? counters : own;
    if (deciding.some(({ status }) => status !== "absent")) continue;
    const reasons = [...new Set(deciding.map(({ reason }) => reason ?? "no reason given"))];
    if (reasons.every((reason) => EXPECTED_ABSENCE.test(reason))) continue;
    silent.push({ name, reasons });
  }
  return silent;
}

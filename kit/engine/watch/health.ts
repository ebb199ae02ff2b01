/**
 * How the hooks of a session do: attached, absent, failed, rows dropped, time taken.
 *
 * @module
 */

import type { LiveSession } from "../../analysis/live/live_session.ts";
import { silentProfilers } from "../../analysis/silent_profilers.ts";

/** The hooks' health. */
export interface HookHealth {
  attached: number;
  absent: number;
  failed: number;
  droppedRows: number;
  /** Profilers that record nothing, with the reasons. */
  silent: { name: string; reasons: string[] }[];
  /** What processes could not do, a sentence each. */
  troubles: string[];
  /** Share of its process's time that the hooks took, where they took most; in percent. */
  costPct: number | undefined;
}

/** Looks at the hooks. */
export function hookHealth(live: LiveSession): HookHealth {
  const { hooks, dropped } = live.facts();
  const count = (status: string) => hooks.filter((hook) => hook.status === status).length;
  const costs = live.processes.flatMap(({ cost_sec, started_sec, updated_sec }) => {
    const lived = (updated_sec ?? 0) - (started_sec ?? 0);
    const spent = Object.values(cost_sec).reduce((a, b) => a + b, 0);
    return lived > 0 ? [100 * spent / lived] : [];
  });
  return {
    attached: count("attached"),
    absent: count("absent"),
    failed: count("failed"),
    droppedRows: Object.values(dropped).reduce((a, b) => a + b, 0),
    silent: silentProfilers(hooks),
    troubles: live.troubles(),
    costPct: costs.length > 0 ? Math.max(...costs) : undefined,
  };
}

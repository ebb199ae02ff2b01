/**
 * `vscope export perfetto`: the session as a timeline.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { presentOwnTables } from "../../bundle/session/own_tables.ts";
import { readWindow } from "../analyze/window.ts";
import type { Exported, ExportFormat, ExportJob } from "./format.ts";
import { drawActivity } from "./perfetto/activity.ts";
import { drawCounters } from "./perfetto/counters.ts";
import { drawPasses } from "./perfetto/passes.ts";
import { drawRequests, engineOfGroup } from "./perfetto/requests.ts";
import { type Share, shareOf } from "./perfetto/share.ts";
import { Timeline } from "./perfetto/timeline.ts";

/** The format. */
const format: ExportFormat = {
  name: "perfetto",
  table: "none",
  suffix: ".perfetto.json.gz",
  windowed: true,
  async write(job: ExportJob): Promise<Exported> {
    const { source, out, context, window, maxEvents } = job;
    if (out === undefined || !/\.json(\.gz)?$/.test(out)) {
      throw new UsageError(
        `Cannot write a timeline to "${out}": give a name that ends in .json.gz, or in .json`,
      );
    }
    const { files } = context;
    const { dir } = source;
    context.output.progress("Counting rows …");
    const own = await presentOwnTables(files, dir, source.manifest.tables);
    const share = await shareOf(
      files,
      dir,
      maxEvents,
      own,
      window === undefined ? undefined : readWindow(window),
    );
    const timeline = await Timeline.create(files, out, beside(job, share), (pid) => {
      const engine = engineOfGroup(pid);
      return engine === undefined ? nameOf(job, pid) : `requests of ${nameOf(job, engine)}`;
    });
    let bytes: number;
    try {
      const scene = { files, dir, share, timeline, own };
      const requests = await drawRequests(scene);
      for (
        const [name, part] of [
          ["forward passes", () => drawPasses(scene, requests)],
          ["operations", () => drawActivity(scene)],
          ["counters", () => drawCounters(scene)],
        ] as const
      ) {
        context.signal.throwIfAborted();
        context.output.progress(`Drawing ${name} …`);
        await part();
      }
      bytes = await timeline.close();
    } catch (error) {
      await timeline.abandon();
      throw error;
    }
    const { events } = timeline;
    return {
      figures: { events, bytes, drawn_one_of: share.every },
      text: `${events} events, ${(bytes / 1e6).toFixed(2)} MB${
        share.every === 1 ? "" : `, ${thinned(share)}`
      }; open it in https://ui.perfetto.dev`,
    };
  },
};

export default format;

/** What was left out, in words. */
function thinned({ every }: Share): string {
  return `1 of ${every} steps and requests and the highest of ${every} points of each counter are ` +
    "drawn, because the session has more events than --max-events; --window draws all of a part";
}

/** What stands beside the events: whose they are, and how they are to be read. */
function beside({ source: { manifest }, window }: ExportJob, share: Share) {
  return {
    recipe: manifest.recipe,
    status: manifest.status,
    session_started_at: manifest.started_at,
    vllm: manifest.versions.vllm,
    vscope: manifest.versions.vscope,
    time: "since the session began",
    window,
    drawn: share.every === 1 ? "every step and request" : thinned(share),
    forward_passes:
      "begin where the host called them, and last as long as their timing (cuda_event or host) says",
    cuda_graphs: "a graph is drawn as long as the pass that replayed it",
  };
}

function nameOf({ source: { manifest } }: ExportJob, pid: number): string {
  const known = manifest.processes.find((process) => process.pid === pid);
  if (!known) return `process ${pid}`;
  return `${known.role}-${pid}${known.rank === undefined ? "" : ` rank ${known.rank}`}`;
}

/**
 * The stage of the pages: one for each bundle within the run's. The page of the run itself is made
 * when its bundle is closed.
 *
 * @module
 */

import { RunError } from "../../../contract/errors.ts";
import { readManifest } from "../../../bundle/manifest_file.ts";
import { holds } from "../nested.ts";
import type { Automation, Stage } from "../stage.ts";

/** Writes the page of a bundle. */
export type WritePage = (dir: string) => Promise<{ path: string; findings: readonly unknown[] }>;

/** Name of a page within its bundle. */
const PAGE = "report.html";

/**
 * The stage.
 *
 * @param folders Bundles within the run's.
 */
export function reportStage(
  { out }: Automation,
  folders: readonly string[],
  writePage: WritePage | undefined,
): Stage {
  return {
    name: "report",
    title: "pages",
    seconds: 5,
    diskBytes: 5e6,
    startsEngine: false,
    needs: [],
    processes: [],
    files: [
      ...folders.map((folder) => ({ path: `${folder}/${PAGE}`, why: "the page of a stage" })),
      {
        path: PAGE,
        why: "the page to look at: the answer, from all stages",
      },
    ],
    // Earlier stages may have run again, and a page takes no time.
    done: () => Promise.resolve(false),
    async run(context) {
      for (const folder of folders) {
        const dir = `${out}/${folder}`;
        if (!await holds(context, `${dir}/bundle.json`)) continue;
        if ((await readManifest(context.files, dir))?.status === undefined) continue;
        context.output.progress(`Page of ${folder}`);
        if (!writePage) throw new RunError("Cannot write pages: nobody knows how");
        await writePage(dir);
      }
      return { status: "complete" };
    },
  };
}

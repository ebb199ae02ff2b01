/**
 * Which page a bundle gets; each is loaded when it is drawn.
 *
 * @module
 */

import type { Finding } from "../../analysis/findings.ts";
import { isSession } from "../../bundle/merge/merge.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import type { FileSystem } from "../../contract/context.ts";

/** Draws the page of a bundle; `against` is another one, on pages that show two. */
export type Page = (
  files: FileSystem,
  dir: string,
  manifest: Manifest,
  against?: string,
) => Promise<{ html: string; findings: Finding[] }>;

type Load = () => Promise<{ default: Page }>;

/** Pages of captures, by recipe. */
const CAPTURES: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["torch", () => import("./torch.ts")],
  ["nsys", () => import("./nsys.ts")],
  ["ncu", () => import("./ncu.ts")],
  ["quick", () => import("./automation.ts")],
  ["full", () => import("./automation.ts")],
  ["metal", () => import("./metal.ts")],
  ["xctrace", () => import("./xctrace.ts")],
  ["sweep", () => import("./sweep.ts")],
]);

/** The page for a bundle: a session's, its recipe's, or one that lists what is there. */
export async function pageFor(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<Page> {
  const load: Load = await isSession(files, dir)
    ? () => import("./session.ts")
    : CAPTURES.get(manifest.recipe) ?? (() => import("./plain.ts"));
  return (await load()).default;
}

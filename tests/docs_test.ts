/** Pages lead where they say. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ROOT } from "./dev/run.ts";

async function pages(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await pages(`${folder}/${name}`));
    else if (name.endsWith(".md")) found.push(`${folder}/${name}`);
  }
  return found;
}

/** As forges make anchors of headings. */
function anchorOf(heading: string): string {
  const text = heading.replaceAll(/[`*]/g, "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return text.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, "");

Deno.test("every link between our pages leads to a file that is there, and to a heading in it", async () => {
  let followed = 0;
  for (const page of [`${ROOT}/README.md`, ...await pages(`${ROOT}/docs`)]) {
    const text = withoutCode(await Deno.readTextFile(page));
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path = "", anchor] = target!.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      assert.ok(await Deno.stat(file).catch(() => undefined), `${page}: ${target}`);
      followed++;
      if (anchor === undefined) continue;
      const headings = withoutCode(await Deno.readTextFile(file)).matchAll(/^#+ (.*)$/gm);
      const anchors = [...headings].map(([, heading]) => anchorOf(heading!));
      assert.ok(anchors.includes(anchor), `${page}: ${target}; it has ${anchors.join(", ")}`);
    }
  }
  assert.ok(followed > 100);
});

Deno.test("every page of the concepts is in their list", async () => {
  const list = await Deno.readTextFile(`${ROOT}/docs/concepts/README.md`);
  for (const page of await pages(`${ROOT}/docs/concepts`)) {
    const name = page.split("/").at(-1)!;
    if (name !== "README.md") assert.ok(list.includes(`](${name})`), name);
  }
});

/** The file by which a running session is told what is to rest. */

import assert from "node:assert/strict";
import { pauseHooks } from "../../../kit/bundle/session/session_folder.ts";
import { inFolder, namesIn } from "../../folders.ts";

Deno.test("hooks that look while names are written never take it for a pause of all", async () => {
  await inFolder(async (dir) => {
    await pauseHooks(Deno, dir, ["kv_cache"]);
    const seen: string[] = [];
    const files = {
      ...Deno,
      // Begins with an empty file, as the real one does, and takes its time.
      async writeTextFile(path: string, text: string) {
        await Deno.writeTextFile(path, "");
        seen.push(await Deno.readTextFile(`${dir}/paused`));
        await Deno.writeTextFile(path, text);
      },
    } as typeof Deno;
    await pauseHooks(files, dir, ["forward_pass", "cuda_graph"]);
    seen.push(await Deno.readTextFile(`${dir}/paused`));
    await pauseHooks(files, dir, true);
    seen.push(await Deno.readTextFile(`${dir}/paused`));
    const two = "forward_pass\ncuda_graph\n";
    assert.deepEqual(seen, ["kv_cache\n", two, two, ""]);
    await pauseHooks(files, dir, false);
    assert.deepEqual(await namesIn(dir), []);
  });
});

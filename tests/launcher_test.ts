/** `./vscope` of a clone: packages are fetched once, whatever command comes first. */

import assert from "node:assert/strict";
import { VERSION } from "../kit/contract/version.ts";
import { ROOT } from "./dev/run.ts";
import { inFolder, namesIn } from "./folders.ts";

Deno.test({
  name:
    "the launcher works through a link, from any folder, and fetches all packages the first time",
  ignore: Deno.build.os === "windows",
  async fn() {
    await inFolder(async (dir) => {
      // Writes down what it is told, and does it.
      await Deno.writeTextFile(
        `${dir}/deno`,
        `#!/bin/sh\necho "$1" >> ${dir}/told\nexec ${Deno.execPath()} "$@"\n`,
        { mode: 0o755 },
      );
      await Deno.symlink(`${ROOT}/vscope`, `${dir}/linked`);
      const env = { VSCOPE_DENO: `${dir}/deno`, VSCOPE_CACHE_DIR: `${dir}/cache` };
      for (const expected of ["cache\nrun\n", "cache\nrun\nrun\n"]) {
        const { stdout, stderr } = await new Deno.Command(`${dir}/linked`, {
          args: ["--version"],
          cwd: dir,
          env,
        }).output();
        const decoder = new TextDecoder();
        assert.deepEqual([decoder.decode(stdout), decoder.decode(stderr)], [`${VERSION}\n`, ""]);
        assert.equal(await Deno.readTextFile(`${dir}/told`), expected);
      }
      assert.match((await namesIn(`${dir}/cache`)).join(), /^packages-\d+-\d+$/);
    });
  },
});

import assert from "node:assert/strict";
import { writeRawSession } from "../bundle/raw.ts";
import { build } from "../dev/build.ts";
import { ROOT } from "../dev/run.ts";
import { VERSION } from "../../kit/contract/version.ts";
import { inFolder } from "../folders.ts";

Deno.test("the single file works from any folder, with nothing in its environment but a home", async () => {
  assert.equal(await build(), 0);
  await inFolder(async (dir) => {
    await Deno.copyFile(`${ROOT}/dist/vscope`, `${dir}/vscope`);
    await writeRawSession(`${dir}/session`, { "engine_core-1": {} });
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(`${dir}/vscope`, {
        args,
        cwd: dir,
        clearEnv: true,
        env: { HOME: dir, PATH: "/usr/bin:/bin" },
      }).output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    assert.deepEqual(await run("--version"), { code: 0, stdout: `${VERSION}\n`, stderr: "" });
    assert.match((await run("self-check")).stdout, /files are as they were built/);
    assert.match((await run("quickstart", "--dry-run")).stdout, /Plan of quickstart/);
    assert.equal((await run("hooks", "h")).code, 0);
    assert.equal((await run("report", "session")).code, 0);
    assert.match(await Deno.readTextFile(`${dir}/session/report.html`), /uPlot/);
  });
});

import assert from "node:assert/strict";
import { writeRawSession } from "../bundle/raw.ts";
import { build } from "../dev/build.ts";
import { ROOT } from "../dev/run.ts";
import { VERSION } from "../../kit/contract/version.ts";
import { inFolder, namesIn } from "../folders.ts";

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
    assert.deepEqual(await run("--version"), {
      code: 0,
      stdout: `${VERSION} (one file that unpacks itself; Deno ${Deno.version.deno})\n`,
      stderr: "",
    });
    assert.match((await run("self-check")).stdout, /as they were built, and so are \d\d+ parts/);
    assert.match((await run("quickstart", "--dry-run")).stdout, /Plan of quickstart/);
    assert.equal((await run("hooks", "h")).code, 0);
    assert.equal((await run("report", "session")).code, 0);
    assert.match(await Deno.readTextFile(`${dir}/session/report.html`), /uPlot/);

    const [unpacked = ""] = (await namesIn(`${dir}/.cache/vscope`)).filter((name) =>
      name.startsWith("single-")
    );
    const home = `${dir}/.cache/vscope/${unpacked}`;
    await Deno.writeTextFile(`${home}/cli.js`, "\n// changed\n", { append: true });
    const altered = await run("self-check");
    assert.equal(altered.code, 1);
    assert.match(altered.stdout, /^Altered: cli\.js; download vscope again/);
    // What another user left there is not run.
    if (Deno.uid() !== 0) return;
    await Deno.chown(home, 12345, 12345);
    const foreign = await run("--version");
    assert.deepEqual([foreign.code, foreign.stdout], [2, ""]);
    assert.match(foreign.stderr, /belongs to another user/);
  });
});

/** What `./dev release --dry-run` leaves, and the single file that is in it. */

import assert from "node:assert/strict";
import { writeRawSession } from "../bundle/raw.ts";
import { release } from "../dev/release.ts";
import { ROOT } from "../dev/run.ts";
import { hashOf } from "../dev/stage.ts";
import { fileOf, targetHere } from "../dev/targets.ts";
import { VERSION } from "../../kit/contract/version.ts";
import { inFolder, namesIn } from "../folders.ts";

Deno.test("a release that is only tried has all of its files; the single file works from any folder, with nothing in its environment but a home", async () => {
  // Nothing listens there: the file that unpacks itself is built, also where denort could be fetched.
  Deno.env.set("HTTPS_PROXY", "http://127.0.0.1:1");
  await inFolder(async (dir) => {
    const released = `${dir}/release`;
    assert.equal(await release(["--dry-run"], released), 0);
    const file = fileOf(targetHere()!, VERSION);
    const texts = ["CHANGES.md", "SHA256SUMS", "THIRD-PARTY.txt", "sbom.cdx.json"];
    assert.deepEqual(await namesIn(released), [...texts, file].sort());
    const sums = (await Deno.readTextFile(`${released}/SHA256SUMS`)).trimEnd().split("\n");
    assert.equal(sums.length, texts.length);
    for (const line of sums) {
      const [sum, name] = line.split("  ");
      assert.equal(await hashOf(`${released}/${name}`), sum, name);
    }
    assert.match(await Deno.readTextFile(`${released}/CHANGES.md`), /^# vscope \d.*\n\n/);
    const { components } = JSON.parse(await Deno.readTextFile(`${released}/sbom.cdx.json`));
    assert.ok(components.length > 20);

    await Deno.copyFile(`${released}/${file}`, `${dir}/vscope`);
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
    // What it brings: hooks, configurations, schemas, the report's parts.
    assert.equal((await run("hooks", "h")).code, 0);
    assert.equal(
      await Deno.readTextFile(`${dir}/h/vscope_hooks/plugin.py`),
      await Deno.readTextFile(`${ROOT}/hooks/vscope_hooks/plugin.py`),
    );
    const model = ["--model", "Qwen/Qwen3-0.6B", "--assume-cache-tokens", "500000"];
    assert.match(
      (await run("sweep", "--list", "dense", ...model)).stdout,
      /^layer,tokens\n\w+,1\n/,
    );
    assert.ok(JSON.parse((await run("recipes", "--json")).stdout).recipes.length > 10);
    assert.equal((await run("report", "session")).code, 0);
    assert.match(await Deno.readTextFile(`${dir}/session/report.html`), /uPlot/);

    const [unpacked = ""] = (await namesIn(`${dir}/.cache/vscope`)).filter((name) =>
      name.startsWith("single-")
    );
    const home = `${dir}/.cache/vscope/${unpacked}`;
    assert.equal(
      await Deno.readTextFile(`${home}/THIRD-PARTY.txt`),
      await Deno.readTextFile(`${released}/THIRD-PARTY.txt`),
    );
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

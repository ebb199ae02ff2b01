import assert from "node:assert/strict";
import { commonOptions } from "../../kit/contract/common.ts";
import { RunError, UsageError } from "../../kit/contract/errors.ts";
import type { Options } from "../../kit/contract/option.ts";
import type { Plan } from "../../kit/contract/recipe.ts";
import { resolve } from "../../kit/contract/resolve.ts";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { settleBundle } from "../../kit/bundle/settle.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { captureFolder, type OpenCapture, runCapture } from "../../kit/engine/capture_run.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { inFolder } from "../folders.ts";

function planIn(dir: string): Plan<Options> {
  const { values: common } = resolve("torch", commonOptions, { flags: {}, env: {} });
  const invocation = {
    command: [],
    common: { ...common, quiet: true },
    contract: {},
    cwd: dir,
    env: {},
    startedAt: new Date(2026, 0, 2, 3, 4, 5),
    pid: 7,
  };
  return {
    values: {},
    invocation,
    out: captureFolder("torch", invocation),
    processes: [],
    files: [],
    permissions: [],
    warnings: [],
    unknown: [],
  };
}

async function capture(dir: string, work: (bundle: OpenCapture) => Promise<void>) {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  try {
    return await runCapture(context, { recipe: "torch", plan: planIn(dir), capture: work });
  } finally {
    await close();
  }
}

const echo = (...words: string[]) => ({ argv: words, env: {}, graceMs: 1000 });

Deno.test("a capture leaves a closed bundle with its files, and a page of them", async () => {
  await inFolder(async (dir) => {
    const { exitCode, bundle = "" } = await capture(dir, async (open) => {
      await open.run(echo("echo", "hello"));
      await Deno.writeTextFile(`${open.dir}/trace.json`, "{}");
      open.captured = true;
    });
    assert.equal(exitCode, 0);
    assert.equal(bundle, `${dir}/vscope-bundles/torch_20260102_030405_7`);
    const manifest = await readManifest(Deno, bundle);
    assert.equal(manifest?.status, "complete");
    assert.deepEqual(manifest.artifacts.map(({ path }) => path), [
      "logs/stderr.log",
      "logs/stdout.log",
      "trace.json",
    ]);
    assert.equal(manifest.processes[0]?.exit_code, 0);
    assert.deepEqual(await validateBundle(Deno, bundle), []);
    const { path } = await generateReport(Deno, bundle);
    assert.match(await Deno.readTextFile(path), /trace\.json/);
    assert.deepEqual(await validateBundle(Deno, bundle), []);
  });
});

Deno.test("a flaw makes a capture partial, or failed where nothing was captured", async () => {
  for (const captured of [true, false]) {
    await inFolder(async (dir) => {
      const { exitCode, status } = await capture(dir, async (open) => {
        await open.run(echo("false"));
        open.captured = captured;
        throw new RunError("The trace is cut short");
      });
      assert.equal(exitCode, 1);
      assert.equal(status, captured ? "partial" : "failed");
      const manifest = await readManifest(Deno, `${dir}/vscope-bundles/torch_20260102_030405_7`);
      assert.deepEqual(manifest?.notes.map(({ message }) => message), [
        "The command ended with exit code 1",
        "The trace is cut short",
      ]);
    });
  }
});

Deno.test("bad input found at the start leaves no bundle", async () => {
  await inFolder(async (dir) => {
    await assert.rejects(
      capture(dir, (open) => open.run(echo("/nowhere/program")).then(() => {})),
      UsageError,
    );
    for await (const entry of Deno.readDir(`${dir}/vscope-bundles`)) assert.fail(entry.name);
  });
});

Deno.test("a capture whose vscope was killed is closed as interrupted by who reads it", async () => {
  await inFolder(async (dir) => {
    const { bundle = "" } = await capture(dir, (open) => {
      open.captured = true;
      return Promise.resolve();
    });
    const { status: _status, ...open } = (await readManifest(Deno, bundle))!;
    const rewrite = (owner: object) =>
      Deno.writeTextFile(`${bundle}/bundle.json`, JSON.stringify({ ...open, open_by: owner }));
    const host = Deno.hostname();
    await rewrite({ pid: Deno.pid, host });
    assert.equal((await settleBundle(Deno, bundle))?.status, undefined);
    await rewrite({ pid: 2 ** 22 + 1, host });
    assert.equal((await settleBundle(Deno, bundle))?.status, "interrupted");
    assert.equal((await readManifest(Deno, bundle))?.status, "interrupted");
  });
});

Deno.test("a bundle whose vscope was killed is closed when its tool writes no more", async () => {
  await inFolder(async (dir) => {
    const { bundle = "" } = await capture(dir, (open) => {
      open.captured = true;
      return Promise.resolve();
    });
    const { status: _status, ...open } = (await readManifest(Deno, bundle))!;
    open.open_by = { pid: 2 ** 22 + 1, host: Deno.hostname() };
    await Deno.writeTextFile(`${bundle}/bundle.json`, JSON.stringify(open));
    const tool = (async () => {
      for (let written = 0; written < 60; written++) {
        await Deno.writeTextFile(`${bundle}/rep.sqlite-journal`, "pages");
        await Deno.writeTextFile(`${bundle}/rep.sqlite`, "row\n", { append: true });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await Deno.remove(`${bundle}/rep.sqlite-journal`);
      }
    })();
    const manifest = await settleBundle(Deno, bundle);
    await tool;
    assert.equal(manifest?.status, "interrupted");
    assert.deepEqual(await validateBundle(Deno, bundle), []);
  });
});

Deno.test("a command that reaches its limit is ended, with the reason in the notes", async () => {
  await inFolder(async (dir) => {
    const { exitCode } = await capture(dir, async (open) => {
      const limit = Promise.reject(new RunError("It took too long"));
      limit.catch(() => {});
      const { byItself } = await open.run({ ...echo("sleep", "60"), limit });
      assert.equal(byItself, false);
    });
    assert.equal(exitCode, 1);
    const manifest = await readManifest(Deno, `${dir}/vscope-bundles/torch_20260102_030405_7`);
    assert.deepEqual(manifest?.notes.map(({ message }) => message), ["It took too long"]);
  });
});

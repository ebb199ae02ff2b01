import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { RunContext } from "../../kit/contract/context.ts";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { automationOptions } from "../../kit/engine/automation/options.ts";
import type { Automation } from "../../kit/engine/automation/stage.ts";
import { moeStage } from "../../kit/engine/automation/stages/moe.ts";
import { resolve } from "../../kit/contract/resolve.ts";
import { commonOptions } from "../../kit/contract/common.ts";
import { inFolder } from "../folders.ts";

const EXAMPLE = fileURLToPath(new URL("../../perf/examples/moe", import.meta.url));

/** An automation whose session is in the folder `moe`. */
function automationIn(out: string, flags: Record<string, { text: string; from: string }> = {}) {
  const { values, contract } = resolve("full", automationOptions("full"), {
    flags: { model: { text: "org/M", from: "--model" }, ...flags },
  });
  const { values: common } = resolve("full", commonOptions, {});
  const automation: Automation = {
    recipe: "full",
    values,
    out,
    serve: ["vllm", "serve", "org/M"],
    invocation: {
      command: [],
      common: { ...common, out },
      contract,
      cwd: out,
      env: {},
      startedAt: new Date(0),
      pid: 1,
    },
  };
  return automation;
}

/** What a real session had left when its vscope was killed: rows of processes, and no tables. */
async function recordedSession(dir: string): Promise<void> {
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(to, { recursive: true });
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
      else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
    }
  };
  await copy(`${EXAMPLE}/processes`, `${dir}/processes`);
  await Deno.copyFile(`${EXAMPLE}/metadata.json`, `${dir}/metadata.json`);
  const { status: _, ended_at: __, ...open } = JSON.parse(
    await Deno.readTextFile(`${EXAMPLE}/bundle.json`),
  ) as Manifest;
  const manifest = { ...open, artifacts: [], open_by: { pid: 99_000_001, host: Deno.hostname() } };
  await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
}

async function inContext(use: (context: RunContext) => Promise<void>): Promise<void> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  try {
    await use(context);
  } finally {
    await close();
  }
}

Deno.test("a session whose vscope was killed after the load gets its tables, and is not recorded again", async () => {
  await inFolder(async (out) => {
    await inContext(async (context) => {
      const dir = `${out}/moe`;
      const stage = moeStage(automationIn(out));
      await recordedSession(dir);
      // Killed while it recorded: there is nothing to go on with.
      assert.deepEqual([await stage.done(context), await stage.begins!(context)], [false, true]);
      await Deno.writeTextFile(`${dir}/client_requests.json`, "[]");
      assert.deepEqual([await stage.done(context), await stage.begins!(context)], [false, false]);
      const end = await stage.run(context);
      assert.equal(end.status, "complete", end.reason);
      assert.ok(await stage.done(context));
      assert.deepEqual(await validateBundle(Deno, dir), []);
      const table = "moe_expert_tracking/moe_expert_activations.csv";
      assert.equal(
        await Deno.readTextFile(`${dir}/${table}`),
        await Deno.readTextFile(`${EXAMPLE}/${table}`),
      );
    });
  });
});

Deno.test("experts are needed where a config, a recording or a person says so", async () => {
  await inFolder(async (out) => {
    await inContext(async (context) => {
      const told = { ...context, cwd: out, env: { HOME: out } };
      const stage = moeStage(automationIn(out));
      assert.deepEqual(await stage.needed!(told), {
        needed: false,
        why: "neither a config nor kernels tell of experts; --moe asks for it",
      });
      await Deno.mkdir(`${out}/nsys`);
      const categories = [{ category: "moe", count: 96, total_ns: 1, share: 1 }];
      await Deno.writeTextFile(
        `${out}/nsys/analysis.json`,
        JSON.stringify({ schema_version: 1, sources: [], categories }),
      );
      assert.deepEqual(await stage.needed!(told), {
        needed: true,
        why: "nsys recorded 96 kernels of experts",
      });
      const hub = `${out}/.cache/huggingface/hub/models--org--M/snapshots/1`;
      await Deno.mkdir(hub, { recursive: true });
      await Deno.writeTextFile(`${hub}/config.json`, '{"num_experts": 0}');
      assert.equal((await stage.needed!(told)).needed, false);
      const asked = moeStage(automationIn(out, { moe: { text: "1", from: "--moe" } }));
      assert.deepEqual(await asked.needed!(told), { needed: true, why: "--moe asks for it" });
    });
  });
});

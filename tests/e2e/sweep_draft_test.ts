/** Architectures drafted from what the real CPU vLLM builds, against those that vscope brings. */

import assert from "node:assert/strict";
import { loadYaml } from "../../kit/deps.ts";
import { systemContext } from "../../kit/engine/context.ts";
import { ensureTinyModel } from "../../kit/engine/private/models.ts";
import { layerDefinitions } from "../../kit/sweep/measure/times.ts";
import { findArchitecture, parseArchitecture } from "../../kit/sweep/model/architecture.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

/** What a draft must be equal in; classes that other configs of a family have are not seen in one model. */
function essence({ catalog, sequence, tpEmulation }: Awaited<ReturnType<typeof findArchitecture>>) {
  const stable = Object.values(catalog).flatMap((table) =>
    Object.entries(table).map(([name, { tpStable, together }]) => [name, tpStable, together])
  );
  return { sequence, tpEmulation, stable: stable.toSorted() };
}

async function draft(model: string, cwd: string, args: string[] = []) {
  const { python } = await engine();
  const ran = await vscope(
    ["sweep", "--draft-architecture", "--model", model, "--python", python, ...args],
    { cwd, env: OFFLINE_ENV },
  );
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

async function parsed(type: string, yaml: string) {
  return parseArchitecture(type, yaml, (await loadYaml()).load(yaml));
}

Deno.test("the draft of a dense model is that of its own architecture, and a sweep takes it", async () => {
  const { model } = await engine();
  await inFolder(async (cwd) => {
    const path = "configs/architecture/qwen3.yaml";
    assert.equal((await draft(model, cwd, ["--out", path])).trim(), `${cwd}/${path}`);
    const yaml = await Deno.readTextFile(`${cwd}/${path}`);
    const found = await parsed("qwen3", yaml);
    const own = await findArchitecture(Deno, "/nowhere", "qwen3");
    assert.deepEqual(essence(found), essence(own), yaml);
    assert.equal(layerDefinitions(found)["down_proj"], layerDefinitions(own)["down_proj"]);
    const plan = await vscope(["sweep", "--dry-run", "--json", "--model", model], { cwd });
    assert.equal(plan.code, 0, plan.stderr);
    const again = await vscope(
      ["sweep", "--draft-architecture", "--model", model, "--out", path],
      { cwd },
    );
    assert.equal(again.code, 2);
    assert.match(again.stderr, /the file is there; give another --out, or --force/);
  });
});

Deno.test("the draft of a model with experts measures them as one block", async () => {
  const { python, models } = await engine();
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const model = await ensureTinyModel(context, python, models, "tiny-moe");
  await close();
  await inFolder(async (cwd) => {
    const { yaml, undecided, architecture } = JSON.parse(await draft(model, cwd, ["--json"]));
    const own = await findArchitecture(Deno, "/nowhere", architecture);
    const found = await parsed(architecture, yaml);
    assert.deepEqual(essence(found), essence(own), yaml);
    assert.deepEqual(found.catalog.moe["moe"]!.vllm, own.catalog.moe["moe"]!.vllm);
    assert.ok(undecided.length <= 1, undecided.join("\n"));
  });
});

Deno.test("a model that makes wider heads of fewer is drafted as one that cannot be emulated", async () => {
  const { model } = await engine();
  await inFolder(async (cwd) => {
    const { head_dim: _, ...config } = JSON.parse(await Deno.readTextFile(`${model}/config.json`));
    const qwen2 = { ...config, model_type: "qwen2", architectures: ["Qwen2ForCausalLM"] };
    await Deno.writeTextFile(`${cwd}/qwen2.json`, JSON.stringify(qwen2));
    const found = await parsed("qwen2", await draft("qwen2.json", cwd));
    const own = await findArchitecture(Deno, "/nowhere", "qwen2");
    assert.deepEqual(essence(found), essence(own));
  });
});

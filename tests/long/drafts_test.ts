/** Drafts of further families; one is drafted in tests/e2e. */

import assert from "node:assert/strict";
import { systemContext } from "../../kit/engine/system/context.ts";
import { ensureTinyModel } from "../../kit/engine/private/models.ts";
import { findArchitecture } from "../../kit/sweep/model/architecture.ts";
import { draft, essence, parsed } from "../e2e/drafts.ts";
import { engine } from "../e2e/engine.ts";
import { inFolder } from "../folders.ts";

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

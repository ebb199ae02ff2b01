/** An architecture drafted from what the real CPU vLLM builds, against the one that vscope brings. */

import assert from "node:assert/strict";
import { layerDefinitions } from "../../kit/sweep/measure/times.ts";
import { findArchitecture } from "../../kit/sweep/model/architecture.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { draft, essence, parsed } from "./drafts.ts";
import { engine } from "./engine.ts";

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

/** `vscope export notebook`: run in a real kernel. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { vscope } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";
import { example, rowsOf, sum } from "../tools/export/sessions.ts";
import { notebookPython } from "./notebook_python.ts";

interface RunCell {
  source: string;
  picture: boolean;
  text: string;
  stderr: string;
}

const RUN = fileURLToPath(new URL("run_notebook.py", import.meta.url));

async function runNotebook(path: string): Promise<RunCell[]> {
  const { code, stdout, stderr } = await new Deno.Command(await notebookPython(), {
    args: [RUN, path],
    env: { PYTHONWARNINGS: "error::FutureWarning" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("export notebook draws the plots of real sessions, from their own tables", async () => {
  for (const name of ["session", "moe"] as const) {
    await inFolder(async (dir) => {
      const made = await vscope(["export", "notebook", example(name), "--json"], { cwd: dir });
      assert.deepEqual([made.code, made.stderr], [0, ""]);
      const { path, tables } = JSON.parse(made.stdout);
      assert.deepEqual(await namesIn(dir), [`${name}.ipynb`]);
      const [opening, ...cells] = await runNotebook(path);
      assert.match(opening!.source, /^from pathlib/);
      assert.equal(cells.length, tables.length);
      for (const cell of cells) {
        assert.ok(cell.picture, cell.source);
        assert.equal(cell.stderr, "", cell.source);
      }
      const usage = await rowsOf(`${example(name)}/cuda_graph_usage.csv`);
      const graphs = cells[tables.indexOf("cuda_graph_usage")]!;
      const replays = [...graphs.text.matchAll(/^\w+:\d+\s+(\d+)$/gm)].map(([, count]) => +count!);
      assert.equal(replays.reduce((a, b) => a + b, 0), sum(usage, "replay_count"));
      const kv = cells[tables.indexOf("kv_cache_usage")]!;
      const samples = (await rowsOf(`${example(name)}/kv_cache_usage.csv`)).length;
      assert.match(kv.text, new RegExp(`^count +${samples}\\.0+$`, "m"));
      assert.equal(tables.includes("moe_expert_activations"), name === "moe");
      if (name === "session") return;
      const experts = cells[tables.indexOf("moe_expert_activations")]!;
      assert.match(experts.text, /^0 +128 +128 +285 +620 +2\.175/m);
    });
  }
});

Deno.test("a session of an engine that did nothing makes a notebook that runs", async () => {
  await inFolder(async (dir) => {
    const manifest = { schema_version: 1, recipe: "monitor", status: "failed" };
    await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
    await Deno.writeTextFile(`${dir}/metadata.json`, "{}");
    await Deno.writeTextFile(`${dir}/kv_cache_usage.csv`, "timestamp_sec,usage_pct\n");
    const out = `${dir}/it's "my" notebook.ipynb`;
    const made = await vscope(["export", "notebook", dir, "--out", out]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(await Deno.readTextFile(out), /tables without a row: kv_cache_usage/);
    assert.equal((await runNotebook(out)).length, 1);
    const wrong = await vscope(["export", "notebook", dir, "--out", `${dir}/x.py`]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /give a name that ends in \.ipynb$/m);
  });
});

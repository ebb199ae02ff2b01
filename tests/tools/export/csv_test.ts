/** `vscope export csv`, and what every format refuses. */

import assert from "node:assert/strict";
import { startVscope, vscopeHere } from "../../cli.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { example } from "./sessions.ts";

Deno.test("export csv prints a table as it stands in the bundle, byte for byte", async () => {
  const paths = ["kv_cache_usage", "moe_expert_tracking/moe_expert_coselection"];
  for (const path of paths) {
    const printed = await vscopeHere(["export", "csv", example("moe"), path.split("/").at(-1)!]);
    assert.equal(printed.stdout, await Deno.readTextFile(`${example("moe")}/${path}.csv`));
    assert.deepEqual([printed.code, printed.stderr], [0, ""]);
  }
});

Deno.test("export csv writes a file, and says how many rows it has", async () => {
  await inFolder(async (dir) => {
    const args = ["export", "csv", example("session"), "forward_pass_timing"];
    const made = await vscopeHere([...args, "--out", "passes.csv", "--json"], { cwd: dir });
    const { path, rows, format } = JSON.parse(made.stdout);
    assert.deepEqual([made.code, rows, format], [0, 1330, "csv"]);
    assert.equal(
      await Deno.readTextFile(path),
      await Deno.readTextFile(`${example("session")}/forward_pass_timing.csv`),
    );
    assert.deepEqual(await namesIn(dir), ["passes.csv"]);
  });
});

Deno.test("export csv leaves out a last line without its end, and says so", async () => {
  await inFolder(async (dir) => {
    const manifest = { schema_version: 1, recipe: "monitor", status: "complete" };
    await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
    await Deno.writeTextFile(`${dir}/metadata.json`, '{"start_time": "2026-01-24T12:34:56Z"}');
    await Deno.writeTextFile(`${dir}/kv_cache_usage.csv`, "timestamp_sec,usage_pct\n1,2\n3,");
    const printed = await vscopeHere(["export", "csv", dir, "kv_cache_usage"]);
    assert.deepEqual([printed.code, printed.stdout], [0, "timestamp_sec,usage_pct\n1,2\n"]);
    assert.match(printed.stderr, /The last line of kv_cache_usage\.csv has no end and was left/);
  });
});

Deno.test("export csv ends quietly when the reader of the pipe leaves", async () => {
  const child = startVscope(["export", "csv", example("moe"), "moe_expert_coselection"]);
  await child.stdout.cancel();
  const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.deepEqual([code, stderr], [0, ""]);
});

Deno.test("export refuses what makes no sense in one sentence with exit code 2", async () => {
  await inFolder(async (dir) => {
    const session = example("session");
    await Deno.mkdir(`${dir}/empty`);
    await Deno.mkdir(`${dir}/torch`);
    const manifest = { schema_version: 1, recipe: "torch", status: "complete" };
    await Deno.writeTextFile(`${dir}/torch/bundle.json`, JSON.stringify(manifest));
    const cases: [string[], RegExp][] = [
      [["cvs", session], /FORMAT is "cvs"; give one of csv/],
      [["csv", `${dir}/nothing`, "x"], /there is no such folder$/],
      [["csv", `${session}/bundle.json`, "x"], /it is a file; give the folder of a session$/],
      [["csv", `${dir}/empty`, "x"], /the folder holds no session; give what monitor, moe or/],
      [["csv", `${dir}/torch`, "x"], /it is a bundle of torch, which is no session; give what/],
      [["csv", session], /TABLE is missing; ".*" has forward_pass_timing, cpu_operations_timing/],
      [
        ["csv", session, "kv_cache_usag"],
        /Cannot export the table "kv_cache_usag": ".*" has forward_pass_timing, .*; did you mean "kv_cache_usage"\?$/,
      ],
      [["csv", session, "kv_cache_usage", "--json"], /both would go there; add --out FILE$/],
      [
        ["csv", session, "kv_cache_usage", "--out", `${session}/kv_cache_usage.csv`],
        /it belongs to the session itself; give another --out$/,
      ],
    ];
    const results = await Promise.all(cases.map(([args]) => vscopeHere(["export", ...args])));
    for (const [place, { code, stderr }] of results.entries()) {
      assert.match(stderr.trim(), cases[place]![1]);
      assert.deepEqual([code, stderr.trim().split("\n").length], [2, 1]);
    }
  });
});

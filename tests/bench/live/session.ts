/**
 * Writes a session that runs: as many steps a second as are asked for, as the hooks would.
 *
 *     deno run -A tests/bench/live/session.ts FOLDER SECONDS STEPS_PER_SECOND
 *
 * @module
 */

import { HOOKS, STEP_TABLES, stepRows } from "./rows.ts";

const [dir = "", seconds = "60", rate = "50"] = Deno.args;
const startedAt = Date.now() - 1000;
const folder = `${dir}/processes/engine_core-${Deno.pid}`;
await Deno.mkdir(folder, { recursive: true });
const document = {
  schema_version: 1,
  recipe: "monitor",
  started_at: new Date(startedAt).toISOString(),
  versions: { vscope: "0.1.0", deno: Deno.version.deno },
  open_by: { pid: Deno.pid, host: Deno.hostname() },
};
await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(document));
await Deno.writeTextFile(
  `${dir}/metadata.json`,
  JSON.stringify({ start_time: document.started_at }),
);
await Deno.writeTextFile(
  `${folder}/process.json`,
  JSON.stringify({
    pid: Deno.pid,
    role: "engine_core",
    rank: 0,
    host: Deno.hostname(),
    started_sec: 0,
    updated_sec: 10,
    ended_sec: null,
    versions: { vllm: "0.26.0" },
    engine: { model: "Qwen/Qwen3-30B-A3B", max_num_seqs: 128 },
    hooks: HOOKS.map((name) => ({ name, symbol: name, status: "attached" })),
    cost_sec: { forward_pass: 0.02 },
    dropped: {},
  }),
);
for (const [table, header] of Object.entries(STEP_TABLES)) {
  await Deno.writeTextFile(`${folder}/${table}.csv`, `${header}\n`);
}
let step = 0;
const end = Date.now() + 1000 * Number(seconds);
while (Date.now() < end) {
  const now = (Date.now() - startedAt) / 1000;
  const rows: Record<string, string> = {};
  for (let n = 0; n < Number(rate) / 4; n++) {
    step++;
    const at = (now - 0.25 + n / Number(rate)).toFixed(6);
    for (const [table, row] of Object.entries(stepRows(step, at))) {
      rows[table] = `${rows[table] ?? ""}${row}`;
    }
  }
  for (const [table, text] of Object.entries(rows)) {
    await Deno.writeTextFile(`${folder}/${table}.csv`, text, { append: true });
  }
  await new Promise((resolve) => setTimeout(resolve, 250));
}

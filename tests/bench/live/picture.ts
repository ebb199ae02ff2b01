/**
 * Draws docs/images/watch.png: the view of a made-up session on a terminal of 130 × 24 characters.
 *
 *     deno run -A tests/bench/live/picture.ts TARGET.png
 *
 * Needs Chromium and a font with block characters.
 *
 * @module
 */

import { LiveSession } from "../../../kit/analysis/live/live_session.ts";
import { draw } from "../../../kit/engine/watch/screen.ts";
import { escapeHtml } from "../../../kit/report/html.ts";
import { startChromium } from "../../e2e/page.ts";
import { HOOKS, STEP_TABLES, stepRows } from "./rows.ts";

const SECONDS = 49;
const RATE = 60;
const SIZE = { columns: 130, rows: 24 };

/** Colours of a terminal, by the codes that the view uses. */
const STYLES: Record<string, string> = {
  "1": "font-weight: bold",
  "2": "color: #8a8a94",
  "31;1": "color: #f0605d; font-weight: bold",
  "32": "color: #5ec97b",
  "33": "color: #dfae43",
  "36": "color: #57b6c9",
};

/** A session as it is after {@linkcode SECONDS}. */
async function session(dir: string): Promise<LiveSession> {
  const start = Date.now() - 1000 * SECONDS;
  const folder = `${dir}/processes/engine_core-${Deno.pid}`;
  await Deno.mkdir(folder, { recursive: true });
  const write = (path: string, value: unknown) =>
    Deno.writeTextFile(path, typeof value === "string" ? value : JSON.stringify(value));
  const startedAt = new Date(start).toISOString();
  await write(`${dir}/metadata.json`, { start_time: startedAt });
  await write(`${dir}/bundle.json`, {
    schema_version: 1,
    recipe: "monitor",
    started_at: startedAt,
    versions: { vscope: "0.1.0", deno: Deno.version.deno },
    open_by: { pid: Deno.pid, host: Deno.hostname() },
  });
  const queue = [["waiting", "integer", "requests"], ["oldest_ms", "number", "ms"]];
  await write(`${folder}/process.json`, {
    pid: Deno.pid,
    role: "engine_core",
    rank: 0,
    host: Deno.hostname(),
    started_sec: 0,
    updated_sec: SECONDS,
    ended_sec: null,
    versions: { vllm: "0.26.0" },
    engine: { model: "Qwen/Qwen3-30B-A3B", max_num_seqs: 128 },
    hooks: [...HOOKS, "queue_age"].map((name) => ({ name, symbol: name, status: "attached" })),
    tables: {
      queue_age: { columns: queue.map(([name, type, unit]) => ({ name, type, unit })) },
    },
    cost_sec: { forward_pass: 0.12 },
    dropped: {},
  });
  const tables: Record<string, string> = { queue_age: "timestamp_sec,waiting,oldest_ms,step\n" };
  for (const [table, header] of Object.entries(STEP_TABLES)) tables[table] = `${header}\n`;
  for (let step = 1; step < SECONDS * RATE; step++) {
    const at = step / RATE;
    for (const [table, rows] of Object.entries(stepRows(step, at.toFixed(6)))) {
      tables[table] += rows;
    }
    const waiting = Math.max(0, Math.round(9 * Math.sin(at / 6) - 4));
    tables["queue_age"] += `${at.toFixed(6)},${waiting},${waiting * 31.5},${step}\n`;
  }
  for (const [table, text] of Object.entries(tables)) await write(`${folder}/${table}.csv`, text);
  const live = new LiveSession(Deno, dir);
  while (!live.caughtUp) await live.look(new Date(start + 1000 * SECONDS));
  return live;
}

/** A line with escape sequences, as HTML. */
function lineHtml(line: string): string {
  // deno-lint-ignore no-control-regex -- escape sequences begin with a control character
  return line.split(/(\x1b\[[0-9;]*m)/).map((part) => {
    // deno-lint-ignore no-control-regex -- the same
    const [, code] = /^\x1b\[([0-9;]*)m$/.exec(part) ?? [];
    if (code === undefined) return escapeHtml(part);
    return code === "0" ? "</span>" : `<span style="${STYLES[code] ?? ""}">`;
  }).join("");
}

const parent = await Deno.makeTempDir({ prefix: "vscope-picture-" });
const browser = await startChromium();
try {
  const live = await session(`${parent}/run1`);
  const state = { page: "overview", window: "recent", paused: false, help: false } as const;
  const lines = draw(live, state, { ...SIZE, color: true });
  const page = await browser.newPage({ viewport: { width: 1400, height: 700 } });
  await page.setContent(
    `<pre style="display: inline-block; margin: 0; padding: 12px 14px; background: #131318; ` +
      `color: #dcdce0; font: 15px/19px 'DejaVu Sans Mono', monospace">${
        lines.map(lineHtml).join("\n")
      }</pre>`,
  );
  await page.locator("pre").screenshot({ path: Deno.args[0] ?? "watch.png" });
} finally {
  await browser.close();
  await Deno.remove(parent, { recursive: true });
}

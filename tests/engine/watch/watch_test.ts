/** `vscope watch` as a program: which session it takes, what it prints, how it fails. */

import assert from "node:assert/strict";
import { vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { example } from "../../tools/export/sessions.ts";

/** A session that is open by this process, or has ended. */
async function session(dir: string, startedAt: string, open: boolean): Promise<void> {
  await Deno.mkdir(`${dir}/processes`, { recursive: true });
  await Deno.writeTextFile(`${dir}/metadata.json`, JSON.stringify({ start_time: startedAt }));
  await Deno.writeTextFile(
    `${dir}/bundle.json`,
    JSON.stringify({
      schema_version: 1,
      started_at: startedAt,
      ...(open
        ? { open_by: { pid: Deno.pid, host: Deno.hostname() } }
        : { status: "complete", ended_at: startedAt }),
    }),
  );
}

Deno.test("watch without a session takes the newest that runs", async () => {
  await inFolder(async (dir) => {
    await session(`${dir}/a`, "2026-01-24T10:00:00Z", true);
    await session(`${dir}/b`, "2026-01-24T11:00:00Z", true);
    await session(`${dir}/c`, "2026-01-24T12:00:00Z", false);
    const args = ["watch", "--once", "--json"];
    const [named, found] = await Promise.all([
      vscopeHere([...args, dir]),
      vscopeHere(args, { env: { VLLM_PROFILING_DIR: dir } }),
    ]);
    for (const { code, stdout, stderr } of [named, found]) {
      assert.equal(code, 0, stderr);
      const state = JSON.parse(stdout);
      assert.deepEqual([state.session, state.status], [`${dir}/b`, "running"]);
      // What was not recorded is absent.
      assert.ok(!("throughput" in state) && !("kv_cache" in state) && !("experts" in state));
    }
  });
});

Deno.test("watch says in one sentence why there is nothing to watch", async () => {
  await inFolder(async (dir) => {
    await session(`${dir}/ended`, "2026-01-24T12:00:00Z", false);
    await Deno.remove(`${dir}/ended/processes`);
    await Deno.mkdir(`${dir}/empty`);
    await Deno.writeTextFile(`${dir}/file`, "");
    const cases: [string[], RegExp][] = [
      [[`${dir}/none`], /^vscope: Cannot watch ".*none": there is no such folder; give .*$/],
      [[`${dir}/file`], /^vscope: Cannot watch ".*file": it is a file; give a session's folder$/],
      [[`${dir}/empty`], /^vscope: Cannot watch a session below ".*empty": none runs there; .*$/],
      [[dir], /none runs there; .* or give the newest that has ended, .*\/ended$/],
      [[`${dir}/ended`], /it has ended, and its folder "processes" is missing; run "vscope report/],
      [["a", "b"], /"b" is one operand too many/],
      [
        [example("moe"), "--listen", "nowhere"],
        /--listen is "nowhere"; give an address and a port/,
      ],
      [[example("moe"), "--listen", "192.0.2.1:9464"], /Cannot serve metrics at 192\.0\.2\.1:9464/],
    ];
    const ran = await Promise.all(cases.map(([args]) => vscopeHere(["watch", ...args])));
    for (const [place, { code, stdout, stderr }] of ran.entries()) {
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr.trimEnd().split("\n").at(-1)!, cases[place]![1]);
    }
  });
});

Deno.test("watch prints lines where there is no terminal, and the plan with --dry-run", async () => {
  const [plain, json, plan] = await Promise.all([
    vscopeHere(["watch", example("session")]),
    vscopeHere(["watch", example("session"), "--json"]),
    vscopeHere(["watch", example("session"), "--dry-run", "--json", "--listen", "0.0.0.0:9464"]),
  ]);
  assert.deepEqual([plain.code, plain.stderr], [0, ""]);
  assert.match(plain.stdout, /^\/.*session: complete, 1 min 49 s\n/);
  assert.match(
    plain.stdout,
    /^KV cache +in use +0 % low +0 of 1,499 blocks, peak 100 % critical$/m,
  );
  const state = JSON.parse(json.stdout);
  assert.deepEqual(
    [state.status, state.batches.count, state.requests.finished, state.cuda_graphs.replayed_passes],
    ["complete", 1330, 227, 1297],
  );
  assert.equal(plan.code, 0, plan.stderr);
  const planned = JSON.parse(plan.stdout);
  assert.match(JSON.stringify(planned), /read by everyone who reaches this machine/);
  assert.deepEqual(planned.processes, []);
});

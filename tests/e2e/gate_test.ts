/** The gate on a real engine: quiet where the same ran again, loud where it was slowed on purpose. */

import assert from "node:assert/strict";
import type { DiffDocument } from "../../kit/compare/diff.ts";
import type { GateDocument } from "../../kit/compare/gate.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { opensInChromium } from "./page.ts";
import { recordSession } from "./recorded_session.ts";

const ROUNDS = 16;
/**
 * What neighbours on a shared machine may take away between two runs; one request at a time makes the wait for
 * a first token over forty times as long. How the rules that apply otherwise judge has tests with known noise.
 */
const RULES = ["requests.*:+900%", "steps.*:+900%", "throughput.*:-90%"]
  .flatMap((rule) => ["--rule", rule]);

Deno.test("the gate passes the same engine run again, and fails one that may batch no requests", async () => {
  await inFolder(async (dir) => {
    const [first, again, slow] = [`${dir}/first`, `${dir}/again`, `${dir}/slow`];
    await recordSession(first, ROUNDS);
    await recordSession(again, ROUNDS);
    await recordSession(slow, ROUNDS, { max_num_seqs: 1 });
    const [quiet, loud, diff, itself] = await Promise.all([
      vscope(["bundle", "gate", first, again, "--json", ...RULES]),
      vscope(["bundle", "gate", first, slow, "--json", ...RULES]),
      vscope(["bundle", "diff", first, slow, "--json", "--html", `${dir}/diff.html`]),
      vscope(["bundle", "diff", first, first, "--json"]),
    ]);
    assert.equal(quiet.code, 0, quiet.stdout + quiet.stderr);
    const passed: GateDocument = JSON.parse(quiet.stdout);
    // A gate that knows no noise would be quiet as well.
    assert.ok(passed.judged.filter(({ interval }) => interval).length >= 5, quiet.stdout);

    assert.equal(loud.code, 1, loud.stdout + loud.stderr);
    const { judged }: GateDocument = JSON.parse(loud.stdout);
    const worse = judged.filter(({ verdict }) => verdict === "regression");
    assert.ok(worse.some(({ metric }) => metric === "requests.ttft_ms.p50"), loud.stdout);

    const { differences, not_compared }: DiffDocument = JSON.parse(diff.stdout);
    const limit = differences.find(({ name }) => name === "max_num_seqs");
    assert.deepEqual([limit?.subject, limit?.a, limit?.b], ["engine", [8], [1]], diff.stdout);
    assert.ok(not_compared.some(({ what }) => what === "steps_by_batch.ms"), diff.stdout);
    await opensInChromium(`${dir}/diff.html`, /What changed between two bundles/, "svg.interval");
    const same: DiffDocument = JSON.parse(itself.stdout);
    assert.deepEqual([same.differences, same.changed], [[], 0]);
  });
});

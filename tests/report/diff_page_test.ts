import assert from "node:assert/strict";
import { diffBundles } from "../../kit/compare/diff.ts";
import { diffPage } from "../../kit/report/diff_page.ts";
import { compared, rowsFigure, timeFigure } from "../compare/made.ts";

const HOSTILE = "</script><img src=x onerror=alert(1)>\"'`";

Deno.test("the page of a comparison has what changed, what was different, and nothing that runs", async () => {
  const side = (name: string, factor: number, vllm: string) =>
    compared(`${name}${HOSTILE}`, {
      facts: [{ subject: "vllm", name: "vllm", value: vllm }],
      figures: [
        timeFigure(`t.${HOSTILE}`, 10 * factor, 0.01),
        timeFigure("t.same", 3, 0.01),
        timeFigure("t.untested", 4 * factor),
      ],
      matched: [rowsFigure("u.us", { k: factor, [name]: 2 })],
      leftOut: [HOSTILE],
    });
  const page = await diffPage(
    diffBundles([side("a", 1, HOSTILE)], [side("b", 1.5, "0.32.0")], 0.95),
  );
  assert.ok(!page.includes("<img"));
  assert.match(page, /\+50\.0 %/);
  assert.match(page, /class="i-worse"/);
  assert.match(page, /class="i-untested"/);
  assert.match(page, /1 figure changed beyond noise/);
  assert.ok(!/t\.same/.test(page));
  assert.match(page, /1 rows of A and 1 of B are not in all bundles, 1 are/);
  const same = await diffPage(diffBundles([side("a", 1, "x")], [side("a", 1, "x")], 0.95));
  assert.match(same, /Nothing is known to differ/);
});

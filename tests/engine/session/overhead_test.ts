import assert from "node:assert/strict";
import { costOf } from "../../../kit/engine/session/overhead.ts";

Deno.test("the cost of pairs is that of their mean ratio, within Student's interval", () => {
  const pairs = [0.97, 0.99, 0.98, 0.96].map((on) => ({ on: 1000 * on, off: 1000 }));
  const { cost_pct, low_pct, high_pct } = costOf(pairs);
  assert.ok(Math.abs(cost_pct - 2.507) < 0.01, String(cost_pct));
  // Deviation of the logarithms 0.01324, quantile 3.182 for three degrees of freedom.
  assert.ok(Math.abs(low_pct! - 0.43) < 0.05 && Math.abs(high_pct! - 4.54) < 0.05);
  assert.deepEqual(costOf([{ on: 90, off: 100 }]), { cost_pct: 10 });
});

/** Rules and dashboard against the metrics that there are, and the thresholds that findings use. */

import assert from "node:assert/strict";
import { dashboard, dashboardExpressions } from "../../kit/analysis/metrics/dashboard.ts";
import { alertRules, ruleExpressions } from "../../kit/analysis/metrics/rules.ts";
import { sessionFamilies } from "../../kit/analysis/metrics/session_families.ts";
import { THRESHOLDS } from "../../kit/analysis/thresholds.ts";
import { loadYaml } from "../../kit/deps.ts";
import { ROOT } from "../dev/run.ts";

/** Names of samples, as queries use them. */
function sampleNames(): Set<string> {
  return new Set(
    Object.values(sessionFamilies()).flatMap(({ shape: { name, type } }) =>
      ({
        counter: [`${name}_total`],
        gauge: [name],
        info: [`${name}_info`],
        histogram: [`${name}_bucket`, `${name}_count`, `${name}_sum`],
      })[type]
    ),
  );
}

Deno.test("every metric that a rule or a panel names exists", () => {
  const known = sampleNames();
  const rules = ruleExpressions();
  const expressions = [...Object.values(rules), ...dashboardExpressions()];
  assert.ok(expressions.length > 30);
  for (const expression of expressions) {
    const names = expression.match(/[a-z_:]*vscope_\w+(:\w+)?/g) ?? [];
    assert.ok(names.length > 0, expression);
    for (const name of names) {
      assert.ok(known.has(name) || name in rules, `${name} in ${expression}`);
    }
  }
});

Deno.test("alerts begin at the thresholds of the findings", () => {
  const rules = ruleExpressions();
  const limits: [string, number][] = [
    ["VscopeKvCacheNearlyFull", THRESHOLDS.kvHigh.value / 100],
    ["VscopeKvCacheLarge", THRESHOLDS.kvLow.value / 100],
    ["VscopeCudaGraphCoverageLow", THRESHOLDS.graphCoverage.value / 100],
    ["VscopeWaitingWithRoom", THRESHOLDS.waitingWithRoom.value / 100],
    ["VscopeTokensWasted", THRESHOLDS.wastedTokens.value / 100],
    ["VscopeExpertsUnbalanced", THRESHOLDS.expertDeviation.value],
  ];
  for (const [alert, limit] of limits) {
    assert.ok(rules[alert]!.endsWith(` ${limit}`), `${alert}: ${rules[alert]}`);
  }
});

Deno.test("the rules and the dashboard in docs/monitoring are those that watch --print gives", async () => {
  const { load } = await loadYaml();
  const read = (name: string) => Deno.readTextFile(`${ROOT}/docs/monitoring/${name}`);
  assert.equal(await read("vscope.rules.yml"), alertRules());
  assert.deepEqual(JSON.parse(await read("vscope-dashboard.json")), dashboard());
  const { groups } = load(alertRules()) as { groups: { rules: Record<string, string>[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  assert.deepEqual(
    Object.fromEntries(rules.map((rule) => [rule["record"] ?? rule["alert"], rule["expr"]])),
    ruleExpressions(),
  );
});

/** A real Prometheus scrapes a session that runs and one that has ended, with our rules. */

import assert from "node:assert/strict";
import { isThere } from "../../kit/contract/is_there.ts";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { dashboardExpressions } from "../../kit/analysis/metrics/dashboard.ts";
import { ruleExpressions } from "../../kit/analysis/metrics/rules.ts";
import { samplesOf } from "../analysis/live/samples.ts";
import { startVscope, vscope } from "../cli.ts";
import { ROOT } from "../dev/run.ts";
import { inFolder } from "../folders.ts";
import { example } from "../tools/export/sessions.ts";
import { prometheusFolder } from "./prometheus.ts";

const programs = await prometheusFolder();

async function promtool(args: string[], input = ""): Promise<{ code: number; said: string }> {
  const child = new Deno.Command(`${programs}/promtool`, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The rule file, evaluated each second. */
const CONFIG = (targets: string[]) => `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${ROOT}/docs/monitoring/vscope.rules.yml"]
scrape_configs:
  - job_name: vscope
    static_configs: [{ targets: ${JSON.stringify(targets)} }]
`;

Deno.test({
  name: "a real Prometheus takes the metrics, the rules and every query of the dashboard",
  ignore: programs === undefined,
  async fn() {
    await inFolder(async (dir) => {
      const [running, ended, own] = [findFreePort(), findFreePort(), findFreePort()]
        .map((port) => `127.0.0.1:${port}`) as [string, string, string];
      await Deno.writeTextFile(`${dir}/prometheus.yml`, CONFIG([running, ended]));
      const children = [
        new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--quiet", `${ROOT}/tests/bench/live/session.ts`, `${dir}/run`]
            .concat(["60", "50"]),
          stdout: "null",
          stderr: "null",
        }).spawn(),
      ];
      const output: Promise<unknown>[] = [];
      const quiet = (child: Deno.ChildProcess) => {
        children.push(child);
        output.push(child.output());
      };
      try {
        await until(() => isThere(Deno, `${dir}/run/bundle.json`));
        quiet(startVscope(["watch", `${dir}/run`, "--json", "--listen", running]));
        quiet(startVscope(["watch", example("moe"), "--json", "--listen", ended]));
        quiet(
          new Deno.Command(`${programs}/prometheus`, {
            args: [
              `--config.file=${dir}/prometheus.yml`,
              `--storage.tsdb.path=${dir}/data`,
              `--web.listen-address=${own}`,
            ],
            stdout: "piped",
            stderr: "piped",
          }).spawn(),
        );
        const query = async (expression: string) => {
          const url = `http://${own}/api/v1/query?query=${encodeURIComponent(expression)}`;
          const response = await fetch(url);
          const answer = await response.json();
          assert.equal(answer.status, "success", `${expression}: ${JSON.stringify(answer)}`);
          return answer.data.result as {
            metric: Record<string, string>;
            value: [number, string];
          }[];
        };
        const value = async (expression: string) => {
          const [first] = await query(expression).catch(() => []);
          return Number(first?.value[1] ?? NaN);
        };
        await until(async () => await value("count(up == 1)") === 2);
        await until(async () => await value("max(instance:vscope_generation_tokens:rate5m)") > 0);
        const exported = samplesOf(
          (await vscope(["export", "openmetrics", example("moe")])).stdout,
        );
        for (
          const name of [
            "vscope_scheduled_batches_total",
            "vscope_request_generated_tokens_total",
            "vscope_moe_expert_activations_total",
          ]
        ) {
          const expected = [...exported].filter(([key]) => key.startsWith(name))
            .reduce((sum, [, number]) => sum + number, 0);
          assert.equal(await value(`sum(${name}{instance="${ended}"})`), expected, name);
        }
        const filled = (expression: string) =>
          expression.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*");
        for (const expression of dashboardExpressions()) await query(filled(expression));
        for (const expression of Object.values(ruleExpressions())) await query(expression);
        const rules = await (await fetch(`http://${own}/api/v1/rules`)).json();
        for (const { rules: group } of rules.data.groups) {
          for (const { name, lastError, health } of group) {
            assert.notEqual(health, "err", `${name}: ${lastError}`);
          }
        }
        const plain = await (await fetch(`http://${running}/metrics`)).text();
        const linted = await promtool(["check", "metrics"], plain);
        assert.deepEqual(linted, { code: 0, said: "" });
        const checked = await promtool([
          ...["check", "rules", `${ROOT}/docs/monitoring/vscope.rules.yml`],
        ]);
        assert.equal(checked.code, 0, checked.said);
      } finally {
        for (const child of children) {
          try {
            child.kill("SIGKILL");
          } catch {
            // It has ended.
          }
        }
        await Promise.allSettled([children[0]!.status, ...output]);
      }
    });
  },
});

Deno.test({
  name: "the real promtool makes blocks of a session's past, which end with its last state",
  ignore: programs === undefined,
  async fn() {
    await inFolder(async (dir) => {
      const session = example("moe");
      const file = `${dir}/past.om`;
      const made = await vscope(
        [
          "export",
          "openmetrics",
          session,
          "--backfill",
          "--backfill-interval",
          "1s",
          "--out",
          file,
        ],
      );
      assert.equal(made.code, 0, made.stderr);
      const blocks = await promtool([
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        file,
        `${dir}/data`,
      ]);
      assert.equal(blocks.code, 0, blocks.said);
      // promtool reads only what has a log of writes beside its blocks.
      await Deno.mkdir(`${dir}/data/wal`);
      const { said } = await promtool(["tsdb", "dump", `${dir}/data`]);
      const last = new Map<string, number>();
      for (const line of said.split("\n")) {
        const [, labels, value] = /^\{(.+)\} (\S+) \d+$/.exec(line) ?? [];
        if (labels) last.set(labels, Number(value));
      }
      const expected = samplesOf((await vscope(["export", "openmetrics", session])).stdout);
      assert.equal(last.size, expected.size);
      const total = (values: Map<string, number>, name: RegExp) =>
        [...values].filter(([key]) => name.test(key)).reduce((sum, [, value]) => sum + value, 0);
      for (
        const name of ["vscope_scheduled_batches_total", "vscope_request_generated_tokens_total"]
      ) {
        assert.equal(total(last, RegExp(`"${name}"`)), total(expected, RegExp(`^${name}`)), name);
      }
    });
  },
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !await condition(); tries++) {
    assert.ok(tries < 300, "waited for a minute");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

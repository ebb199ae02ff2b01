/** What nvidia-smi tells of clocks, summed up, and where it goes in a sweep. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import {
  conditionsOf,
  LOOK_FIELDS,
  parseLook,
  throttlingOf,
} from "../../../kit/sweep/measure/gpu_conditions.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import { readMeta } from "../../../kit/sweep/sweep_folder.ts";
import { vscopeHere } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));

Deno.test("a line of nvidia-smi is a look, and what it does not tell is absent", () => {
  assert.deepEqual(parseLook("1980, 3201, 1980, 52, 402.13, 0x0000000000000004\n"), {
    smMhz: 1980,
    memoryMhz: 3201,
    maxSmMhz: 1980,
    temperatureC: 52,
    powerW: 402.13,
    reasons: 4,
  });
  assert.deepEqual(parseLook("345, [N/A], 1980, 31, [Not Supported], 0x0000000000000001"), {
    smMhz: 345,
    maxSmMhz: 1980,
    temperatureC: 31,
    reasons: 1,
  });
  for (
    const text of [
      "",
      "No devices were found",
      "[N/A], [N/A], [N/A], [N/A], [N/A], [N/A]",
      "1, 2, 3, 4, 5, 0x1\n1, 2, 3, 4, 5, 0x1",
      'Field "clocks_event_reasons.active" is not a valid field to query.',
    ]
  ) assert.equal(parseLook(text), undefined, text);
  fc.assert(fc.property(fc.string(), (text) => {
    for (const value of Object.values(parseLook(text) ?? {})) assert.ok(Number.isFinite(value));
  }));
});

Deno.test("looks are summed up, and what held the clocks down is told by its share", () => {
  assert.equal(conditionsOf([]), undefined);
  const looks = [
    "1980, 3201, 1980, 52, 402.13, 0x0000000000000000",
    "1200, 3201, 1980, 60, 700.00, 0x0000000000000004",
    "1500, 3201, 1980, 58, [N/A], 0x0000000000000205",
    "1980, 3201, 1980, 50, 350.5, 0x0000000000000001",
  ].map((text) => parseLook(text)!);
  const found = conditionsOf(looks)!;
  assert.deepEqual(found, {
    looks: 4,
    sm_clock_mhz: { least: 1200, median: 1980, most: 1980 },
    memory_clock_mhz: { least: 3201, median: 3201, most: 3201 },
    max_sm_clock_mhz: 1980,
    hottest_c: 60,
    most_power_w: 700,
    held_down: { sw_power_cap: 0.5, bit_0x200: 0.25 },
  });
  assert.equal(throttlingOf(found), "sw_power_cap at 50 % of the looks");
  assert.equal(throttlingOf(conditionsOf(looks.slice(0, 1))!), undefined);
  assert.deepEqual(conditionsOf([{ smMhz: 5 }]), {
    looks: 1,
    sm_clock_mhz: { least: 5, median: 5, most: 5 },
  });
});

/** An nvidia-smi of a driver that knows the older word only. */
const SMI = `#!/bin/sh
case "$*" in
  *memory.total*) echo "NVIDIA H, 143771, 525.60.13" ;;
  *clocks_event_reasons*) echo 'Field "clocks_event_reasons.active" is not a valid field to query.'; exit 2 ;;
  *${LOOK_FIELDS.join(",")},clocks_throttle_reasons.active*--id=GPU-00ff*)
    echo "1200, 3201, 1980, 60, 700.00, 0x0000000000000044" ;;
  *) exit 1 ;;
esac
`;

Deno.test("a sweep tells of the GPU's clocks in meta and in its manifest, and warns of throttling", async () => {
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/bin`);
    await Deno.writeTextFile(`${cwd}/bin/nvidia-smi`, SMI, { mode: 0o755 });
    const dir = `${cwd}/out`;
    const args = [
      ...["sweep", "--json", "--model", "Qwen/Qwen3-32B", "--hardware", "H", "--python", FAKE],
      ...["--tp-degrees", "1", "--only", "dense", "--max-num-batched-tokens", "16", "--out", dir],
    ];
    const env = {
      PATH: `${cwd}/bin:${Deno.env.get("PATH")}`,
      FAKE_GPU: "NVIDIA H",
      FAKE_SLOW_SEC: "0.1",
    };
    const { code, stderr } = await vscopeHere(args, { cwd, env });
    assert.equal(code, 0, stderr);
    const { values } = (await readMeta(Deno, dir))!;
    const [sweep] = values["sweeps"] as Record<string, unknown>[];
    const looks = (sweep!["conditions"] as { tp1: { looks: number } }).tp1.looks;
    assert.ok(looks >= 1);
    const conditions = {
      looks,
      sm_clock_mhz: { least: 1200, median: 1200, most: 1200 },
      memory_clock_mhz: { least: 3201, median: 3201, most: 3201 },
      max_sm_clock_mhz: 1980,
      hottest_c: 60,
      most_power_w: 700,
      held_down: { sw_power_cap: 1, hw_thermal_slowdown: 1 },
    };
    assert.deepEqual(sweep!["conditions"], { tp1: conditions });
    assert.equal(sweep!["driver"], "525.60.13");
    assert.match(String(sweep!["gpu_uuid_sha256"]), /^[0-9a-f]{64}$/);
    const manifest = (await readManifest(Deno, dir))!;
    assert.deepEqual(
      (manifest.engine["tp1"] as Record<string, unknown>)["conditions"],
      conditions,
    );
    assert.match(JSON.stringify(manifest.notes), /held down by sw_power_cap at 100 % of the looks/);
    const before = await readJournal(Deno, dir);
    assert.equal(before.damaged, 0);

    // The same once more fires nothing, and tells the same.
    const again = await vscopeHere(args, { cwd, env });
    assert.equal(again.code, 0, again.stderr);
    const kept = (await readManifest(Deno, dir))!;
    assert.deepEqual((kept.engine["tp1"] as Record<string, unknown>)["conditions"], conditions);
    assert.match(JSON.stringify(kept.notes), /held down by sw_power_cap at 100 % of the looks/);
    assert.equal((await readJournal(Deno, dir)).shots.length, before.shots.length);

    // Another run in the folder keeps what was told of the first.
    const more = await vscopeHere([...args, "--max-num-seqs", "4", "--only", "per_sequence"], {
      cwd,
      env: { ...env, PATH: Deno.env.get("PATH")! },
    });
    assert.equal(more.code, 0, more.stderr);
    const after = (await readMeta(Deno, dir))!.values["sweeps"] as Record<string, unknown>[];
    assert.deepEqual(after.map((line) => line["conditions"]), [{ tp1: conditions }, undefined]);
  });
});

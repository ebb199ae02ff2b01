/** Lint flags a planted instance of each rule, and nothing else. */

import assert from "node:assert/strict";
import { fitBundle } from "../../kit/sweep/fit/fit_bundle.ts";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { edit, editRows, writeSweep } from "./made.ts";

const lint = (dir: string) => lintBundle(Deno, dir, "/");

/** Rules that a planted fault is flagged by, with file, rows and severity. */
async function planted(plant: (dir: string) => Promise<void>): Promise<string[]> {
  return await inFolder(async (dir) => {
    await writeSweep(dir);
    await plant(dir);
    return (await lint(dir)).map(({ rule, severity, file, rows }) =>
      `${severity} ${rule} ${file} ${rows}`
    );
  });
}

Deno.test("a sweep that nothing is wrong with is linted and validated in silence", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    assert.deepEqual(await lint(dir), []);
    assert.deepEqual(await validateSweep(Deno, dir), []);
    const { code, stdout } = await vscopeHere(["bundle", "lint", dir, "--json"]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), []);
    assert.equal((await vscopeHere(["bundle", "validate", dir])).code, 0);
  });
});

Deno.test("a sweep of one TP degree without skew is linted in silence", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    await Deno.remove(`${dir}/tp1/skew.csv`);
    await Deno.remove(`${dir}/tp1/skew_fit.csv`);
    await edit(
      `${dir}/meta.yaml`,
      (text) =>
        text.replace(/skew_profile:[\s\S]*$/, "skew_profile:\n  enabled: false\n") +
        "skew_fit:\n  enabled: false\n",
    );
    assert.deepEqual(await lint(dir), []);
  });
});

Deno.test("alpha-noise: an alpha where the times hardly differ", async () => {
  const found = await planted(async (dir) => {
    await editRows(`${dir}/tp2/skew.csv`, (rows) => {
      const blank = rows.findIndex((row) => row[13] === "");
      assert.ok(blank >= 0, "the made sweep has a blank alpha");
      rows[blank]![13] = "-735.0";
      return rows;
    });
    await fitBundle(Deno, dir, { write: true });
  });
  assert.deepEqual(found, ["warning alpha-noise tp2/skew.csv 1"]);
});

Deno.test("skew-scale: times that were added and not averaged", async () => {
  const found = await inFolder(async (dir) => {
    await writeSweep(dir);
    await editRows(
      `${dir}/tp1/skew.csv`,
      (rows) =>
        rows.map((row) =>
          row.map((cell, place) => place >= 10 && place <= 12 ? String(Number(cell) * 3) : cell)
        ),
    );
    await fitBundle(Deno, dir, { write: true });
    return await lint(dir);
  });
  assert.equal(found.length, 1);
  assert.equal(found[0]!.rule, "skew-scale");
  assert.equal(found[0]!.file, "tp1/skew.csv");
  assert.match(found[0]!.message, /^times are 3\.00 times those of attention\.csv/);
});

Deno.test("meta-mismatch: limits, degrees, skew and fit that the files contradict", async () => {
  const meta = (from: string | RegExp, to: string) => async (dir: string) => {
    await edit(`${dir}/meta.yaml`, (text) => text.replace(from, to));
  };
  assert.deepEqual(await planted(meta("tp_degrees: [1, 2]", "tp_degrees: [1, 4]")), [
    "error meta-mismatch meta.yaml 0",
  ]);
  const limited = await planted(meta("max_kv: 2048", "max_kv: 1024"));
  assert.ok(limited.some((line) => /^error meta-mismatch meta.yaml [1-9]/.test(line)));
  assert.ok((await planted(meta("enabled: true\n  factors", "enabled: false\n  factors")))
    .includes("error meta-mismatch meta.yaml 0"));
  assert.deepEqual(await planted(meta(/skew_fit:[\s\S]*$/, "skew_fit:\n  enabled: false\n")), [
    "error meta-mismatch meta.yaml 0",
    "error meta-mismatch meta.yaml 0",
  ]);
  assert.deepEqual(await planted(meta(/alpha_default: .*/, "alpha_default: 0.9")), [
    "error meta-mismatch meta.yaml 0",
  ]);
  assert.deepEqual(await planted((dir) => Deno.remove(`${dir}/meta.yaml`)), [
    "error meta-mismatch meta.yaml 0",
  ]);
});

Deno.test("meta-mismatch: a sweep below perf stands where its names say", async () => {
  await inFolder(async (dir) => {
    const place = `${dir}/perf/H200/Qwen/Qwen3-30B-A3B-Instruct-2507`;
    await Deno.mkdir(place, { recursive: true });
    await writeSweep(`${place}/bf16`);
    assert.deepEqual(await lint(`${place}/bf16`), []);
    await Deno.rename(`${place}/bf16`, `${place}/fp8`);
    const [found, ...others] = await lint(`${place}/fp8`);
    assert.deepEqual(others, []);
    assert.equal(found?.message, "variant is bf16, and the folder is that of fp8");
  });
});

Deno.test("meta-mismatch: more iterations than any row of a table has samples", async () => {
  const sampled = (iterations: number) =>
    planted(async (dir) => {
      await edit(`${dir}/tp1/moe.csv`, (text) =>
        text.trimEnd().split("\n").map((line, place) =>
          `${line},${place || "samples"}`
        ).join("\n") +
        "\n");
      const { length } = (await Deno.readTextFile(`${dir}/tp1/moe.csv`)).trimEnd().split("\n");
      await edit(`${dir}/meta.yaml`, (text) =>
        text.replace("iterations: 3", `iterations: ${length - 1 + iterations}`));
    });
  assert.deepEqual(await sampled(0), [], "rows with fewer samples are no matter");
  const [found, ...others] = await sampled(1);
  assert.match(found!, /^warning meta-mismatch meta.yaml \d+$/);
  assert.deepEqual(others, []);
});

Deno.test("mixed-sweeps: rows of another grid, of another run, of another GPU", async () => {
  assert.deepEqual(
    await planted((dir) =>
      editRows(`${dir}/tp1/attention.csv`, (rows) => [...rows, ["17", "0", "0", "0", "5.2"]])
    ),
    ["warning mixed-sweeps tp1/attention.csv 1"],
  );
  assert.deepEqual(
    await planted(async (dir) => {
      await editRows(`${dir}/tp1/skew.csv`, (rows) => {
        const other = [...rows.find((row) => row[1] === "8")!];
        other[2] = "5";
        return [...rows, other];
      });
      await fitBundle(Deno, dir, { write: true });
    }),
    ["warning mixed-sweeps tp1/skew.csv 1"],
  );
  assert.deepEqual(
    await planted((dir) =>
      editRows(`${dir}/tp2/dense.csv`, (rows) => {
        const row = rows.find(([layer]) => layer === "final_layernorm")!;
        row[2] = String(Number(row[2]) * 1.02);
        return rows;
      })
    ),
    ["warning mixed-sweeps tp2/dense.csv 1"],
  );
  assert.deepEqual(
    await planted((dir) =>
      edit(`${dir}/meta.yaml`, (text) => `${text}sweeps:\n  - { gpu: NVIDIA H100 }\n`)
    ),
    ["warning mixed-sweeps meta.yaml 0"],
  );
});

Deno.test("missing-layers: a layer, some of its shapes, a table", async () => {
  assert.deepEqual(
    await planted(async (dir) => {
      for (const tp of [1, 2]) {
        await editRows(
          `${dir}/tp${tp}/dense.csv`,
          (rows) => rows.filter(([layer]) => layer !== "qk_norm"),
        );
      }
    }),
    ["error missing-layers tp1/dense.csv 0", "error missing-layers tp2/dense.csv 0"],
  );
  assert.deepEqual(
    await planted((dir) =>
      editRows(
        `${dir}/tp2/per_sequence.csv`,
        (rows) => rows.filter(([layer, size]) => layer !== "lm_head" || Number(size) < 7),
      )
    ),
    ["error missing-layers tp2/per_sequence.csv 2"],
  );
  assert.deepEqual(await planted((dir) => Deno.remove(`${dir}/tp1/moe.csv`)), [
    "error missing-layers tp1/moe.csv 0",
  ]);
  assert.deepEqual(await planted((dir) => Deno.remove(`${dir}/tp2/per_sequence.csv`)), [
    "error missing-layers tp2/per_sequence.csv 0",
  ]);
});

Deno.test("non-monotone: a large shape that takes far less time than a small one", async () => {
  assert.deepEqual(
    await planted((dir) =>
      editRows(`${dir}/tp1/moe.csv`, (rows) => {
        rows.at(-1)![2] = "3.5";
        return rows;
      })
    ),
    ["warning non-monotone tp1/moe.csv 1"],
  );
});

Deno.test("non-monotone: a shape with a slow kernel, which its samples agree about, is none", async () => {
  const slow = (spread: string, samples: string) =>
    planted((dir) =>
      edit(`${dir}/tp1/dense.csv`, (text) => {
        const [header, ...rows] = text.trimEnd().split("\n");
        return [
          `${header},spread_us,samples`,
          ...rows.map((row, place) =>
            place === 2 ? row.replace(/[^,]*$/, `1000000,${spread},${samples}`) : `${row},0,3`
          ),
          "",
        ].join("\n");
      })
    );
  assert.deepEqual(await slow("20000", "3"), []);
  for (const [spread, samples] of [["90000", "3"], ["0", "1"], ["", ""]] as const) {
    const found = await slow(spread, samples);
    assert.match(found.join(), /^warning non-monotone tp1\/dense.csv \d+$/, `${spread} ${samples}`);
  }
});

Deno.test("bad-time: a time that is missing, zero, NaN or no number", async () => {
  for (const time of ["", "nan", "0", "-3", "fast", "inf"]) {
    assert.deepEqual(
      await planted((dir) =>
        editRows(`${dir}/tp1/moe.csv`, (rows) => {
          rows[3]![2] = time;
          return rows;
        })
      ),
      ["error bad-time tp1/moe.csv 1"],
      time,
    );
  }
});

Deno.test("a table without the column of its times, or one of its key, is told for all of its rows", async () => {
  const renamed = async (table: string, column: string) =>
    await inFolder(async (dir) => {
      await writeSweep(dir);
      const path = `${dir}/tp1/${table}.csv`;
      const rows = (await Deno.readTextFile(path)).trimEnd().split("\n").length - 1;
      await edit(path, (text) => text.replace(new RegExp(`\\b${column}\\b`), `my_${column}`));
      const [first, ...others] = await lint(dir);
      assert.deepEqual(others, [], `${table} ${column}`);
      assert.deepEqual([first?.severity, first?.file, first?.rows], [
        "error",
        `tp1/${table}.csv`,
        rows,
      ]);
      return `${first!.rule}: ${first!.message}`;
    });
  for (const table of ["dense", "per_sequence", "attention", "moe"]) {
    assert.equal(
      await renamed(table, "time_us"),
      "bad-time: has no column time_us, which holds the times in µs",
    );
  }
  assert.equal(
    await renamed("dense", "tokens"),
    "missing-layers: has no column tokens; its rows are named by layer, tokens",
  );
  assert.match(await renamed("per_sequence", "layer"), /^missing-layers: has no column layer; /);
  assert.match(
    await renamed("attention", "kv_decode"),
    /^missing-layers: has no column kv_decode; /,
  );
  assert.match(await renamed("moe", "tokens"), /^missing-layers: has no column tokens; /);
});

Deno.test("duplicate-key: the same shape twice, however it is written", async () => {
  assert.deepEqual(
    await planted((dir) =>
      editRows(`${dir}/tp1/moe.csv`, (rows) => {
        const [tokens, experts, time] = rows[2]!;
        return [...rows, [`${tokens}.0`, experts!, time!]];
      })
    ),
    ["error duplicate-key tp1/moe.csv 1"],
  );
});

Deno.test("stale-fit: a skew_fit.csv that its skew.csv does not give", async () => {
  assert.deepEqual(
    await planted((dir) =>
      editRows(`${dir}/tp1/skew_fit.csv`, (rows) => {
        rows[0]![5] = "0.9999";
        return rows;
      })
    ),
    ["error stale-fit tp1/skew_fit.csv 1"],
  );
});

Deno.test("a table that lacks columns is told by validate, and does not stop lint", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    await edit(`${dir}/tp1/skew.csv`, (text) => text.replace("t_max_us", "t_most"));
    assert.deepEqual(await validateSweep(Deno, dir), [
      { path: "tp1/skew.csv", message: "lacks the columns t_max_us" },
    ]);
    assert.ok((await lint(dir)).length > 0);
    const { code, stdout } = await vscopeHere(["bundle", "validate", dir, "--json"]);
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).problems.length, 1);
  });
});

Deno.test("validate: comment lines, missing folders and keys that are no numbers", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    await edit(`${dir}/tp1/dense.csv`, (text) => `# by hand\n${text}`);
    await edit(`${dir}/tp2/attention.csv`, (text) => text.replace("\n16,", "\nsixteen,"));
    await edit(`${dir}/meta.yaml`, (text) => text.replace("[1, 2]", "[1, 2, 4]"));
    const found = (await validateSweep(Deno, dir)).map(({ path }) => path);
    assert.deepEqual(found, ["tp4", "tp1/dense.csv", "tp2/attention.csv"]);
  });
});

Deno.test("validate: a table that is empty, or is not there though every sweep has it", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    await Deno.writeTextFile(`${dir}/tp1/moe.csv`, "");
    await Deno.writeTextFile(`${dir}/tp1/attention.csv`, "\n");
    await Deno.remove(`${dir}/tp2/dense.csv`);
    const found = [
      { path: "tp1/attention.csv", message: "is empty" },
      { path: "tp1/moe.csv", message: "is empty" },
      { path: "tp2/dense.csv", message: "is missing" },
    ];
    assert.deepEqual(await validateSweep(Deno, dir), found);
    const { code } = await vscopeHere(["bundle", "validate", dir]);
    assert.equal(code, 1);
    // What a sweep of vscope's was to measure stands in its manifest.
    const told = async (manifest: Record<string, unknown>) => {
      const text = JSON.stringify({ schema_version: 1, recipe: "sweep", ...manifest });
      await Deno.writeTextFile(`${dir}/bundle.json`, text);
      return (await validateSweep(Deno, dir)).length;
    };
    const whole = { only: { source: "default" }, "only-skew": { value: false, source: "default" } };
    assert.equal(await told({ status: "complete", contract: whole }), 3);
    assert.equal(await told({ status: "partial", contract: whole }), 2);
    const some = { ...whole, only: { value: ["attention"], source: "flag" } };
    assert.equal(await told({ status: "complete", contract: some }), 2);
    const skew = { ...whole, "only-skew": { value: true, source: "flag" } };
    assert.equal(await told({ status: "complete", contract: skew }), 2);
    assert.equal(await told({ status: "complete", contract: {} }), 2, "a merged sweep");
  });
});

Deno.test("a damaged bundle.json of a sweep is mended by the sweep, and not by what mends a session", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    await Deno.writeTextFile(`${dir}/bundle.json`, "{");
    const said = async () => {
      const { code, stderr } = await vscopeHere(["bundle", "validate", dir]);
      assert.equal(code, 2);
      return stderr;
    };
    // Without a journal the same command would measure everything, and not to a folder that holds something.
    assert.match(
      await said(),
      /is not JSON; remove the file, without which a sweep can be read; or run/,
    );
    await Deno.writeTextFile(`${dir}/journal.log`, "");
    assert.match(await said(), /is not JSON; remove the file and run the same sweep again, which/);
    for (const name of ["journal.log", "meta.yaml"]) await Deno.remove(`${dir}/${name}`);
    assert.match(
      await said(),
      /is not JSON; make the bundle again, or remove .*vscope bundle merge/,
    );
  });
});

Deno.test("a folder that is no sweep is bad input, in one sentence", async () => {
  await inFolder(async (dir) => {
    for (const command of ["lint", "fit"]) {
      const { code, stderr } = await vscopeHere(["bundle", command, dir]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`Cannot ${command} ".*": it holds no folder tp1`));
    }
  });
});

/** Sweeps that are made one. */

import assert from "node:assert/strict";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import type { FileSystem } from "../../kit/contract/context.ts";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import {
  journalLine,
  parseJournal,
  type ShotLine,
  type SweepLine,
} from "../../kit/sweep/measure/journal.ts";
import { mergeSweeps } from "../../kit/sweep/merge/merge_sweeps.ts";
import { readMeta } from "../../kit/sweep/sweep_folder.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { fc } from "../deps.ts";
import { inFolder, namesIn } from "../folders.ts";
import { vscopeHere } from "../cli.ts";
import { edit, writeSweep } from "./made.ts";

const NOW = new Date("2026-03-04T05:06:07Z");

async function lines(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n");
}

/** Keeps rows of a table. */
async function keep(path: string, chosen: (row: number) => boolean): Promise<void> {
  const [header, ...rows] = await lines(path);
  await Deno.writeTextFile(
    path,
    [header, ...rows.filter((_, row) => chosen(row))].join("\n") + "\n",
  );
}

Deno.test("two parts of a sweep are the whole one again, whatever was where", async () => {
  await inFolder(async (dir) => {
    const whole = await writeSweep(`${dir}/whole`, [1]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 3, maxLength: 40 }), async (pick) => {
        const tables = ["dense", "per_sequence", "attention", "moe"];
        for (const [name, own] of [["a", true], ["b", false]] as const) {
          await writeSweep(`${dir}/${name}`, [1]);
          for (const table of tables) {
            // Some rows are in both.
            await keep(
              `${dir}/${name}/tp1/${table}.csv`,
              (row) => row % 5 === 0 || pick[row % pick.length] === own,
            );
          }
        }
        const out = `${dir}/out`;
        await mergeSweeps(
          Deno as unknown as FileSystem,
          [`${dir}/a`, `${dir}/b`],
          out,
          "refuse",
          NOW,
        );
        for (const table of tables) {
          assert.deepEqual(
            await lines(`${out}/tp1/${table}.csv`),
            await lines(`${whole}/tp1/${table}.csv`),
          );
        }
        for (const name of ["a", "b", "out"]) {
          await Deno.remove(`${dir}/${name}`, { recursive: true });
        }
      }),
      { numRuns: 6 },
    );
  });
});

Deno.test("sweeps of different TP degrees become one that lint and validate find nothing wrong with", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1, 2]);
    const b = await writeSweep(`${dir}/b`, [1, 4]);
    const { code, stdout, stderr } = await vscopeHere(
      ["bundle", "merge", a, b, "--out", `${dir}/out/`, "--json"],
    );
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).status, "complete");
    const out = `${dir}/out`;
    assert.deepEqual(await namesIn(out), ["bundle.json", "meta.yaml", "tp1", "tp2", "tp4"]);
    assert.deepEqual(await validateSweep(Deno, out), []);
    assert.deepEqual(await validateBundle(Deno, out), []);
    assert.deepEqual(await lintBundle(Deno, out, dir), []);
    const { values } = (await readMeta(Deno, out))!;
    assert.deepEqual(values["tp_degrees"], [1, 2, 4]);
    assert.equal((values["sweeps"] as unknown[]).length, 2);
    const merged = values["merged"] as { from: string; rows: Record<string, number> }[];
    assert.deepEqual(merged.map(({ from }) => from), [a, b]);
    assert.ok(merged[1]!.rows["tp4/attention"]! > 10);
    assert.equal(merged[1]!.rows["tp1/attention"], undefined);
    const notes = (await readManifest(Deno, out))!.notes.map(({ message }) => message);
    assert.match(notes[0]!, /^\d+ rows are from .*\/a$/);
    assert.deepEqual(await namesIn(dir), ["a", "b", "out"]);
  });
});

/** What a sweep tells of held-out batches, with a session of whole steps. */
async function withFindings(dir: string, degrees: readonly number[], error: number): Promise<void> {
  const perTp = degrees.map((tp) => `    ${tp}: { batches: 6, error: { median: ${error} } }\n`);
  const steps = "  steps: { tp: 1, modes: { eager: { session: steps-eager }, graphs: {} } }\n";
  await edit(
    `${dir}/meta.yaml`,
    (text) => `${text}validation:\n  method: interpolated\n  per_tp:\n${perTp.join("")}${steps}`,
  );
  for (const tp of degrees) {
    await Deno.writeTextFile(`${dir}/tp${tp}/validation.csv`, `of,${dir}\n`);
  }
  await Deno.mkdir(`${dir}/steps-eager/processes`, { recursive: true });
  await Deno.writeTextFile(`${dir}/steps-eager/processes/of.txt`, dir);
}

Deno.test("what held-out batches and steps told of a TP degree stays with the rows that they are of", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1]);
    const b = await writeSweep(`${dir}/b`, [1, 2]);
    await withFindings(a, [1], 0.01);
    await withFindings(b, [1, 2], 0.05);
    // Another layernorm at 1, which b's copy at 2 was taken from: the batches of 2 say nothing of it.
    for (const tp of [1, 2]) {
      await edit(`${b}/tp${tp}/dense.csv`, (text) => text.replace(/^(layernorm,1,).*$/m, "$199"));
    }
    const merged = async (parts: readonly string[], name: string) => {
      const out = `${dir}/${name}`;
      await mergeSweeps(Deno as unknown as FileSystem, parts, out, "first", NOW);
      const validation = (await readMeta(Deno, out))!.values["validation"] as {
        per_tp?: Record<string, { error: { median: number } }>;
        steps?: unknown;
      } | undefined;
      const of = async (path: string) =>
        await Deno.readTextFile(`${out}/${path}`).then(
          (text) => text.at(-1) === "\n" ? text.at(-2) : text.at(-1),
          () => "",
        );
      return {
        errors: Object.entries(validation?.per_tp ?? {}).map((
          [tp, { error }],
        ) => [tp, error.median]),
        steps: validation?.steps !== undefined,
        files: [
          await of("tp1/validation.csv"),
          await of("tp2/validation.csv"),
          await of("steps-eager/processes/of.txt"),
        ],
        notes: (await readManifest(Deno, out))!.notes.map(({ message }) => message)
          .filter((message) => /held-out/.test(message)),
      };
    };
    assert.deepEqual(await merged([a, b], "both"), {
      errors: [["1", 0.01], ["2", 0.05]],
      steps: true,
      files: ["a", "b", "a"],
      notes: [],
    });
    // A row of tp1 that only b has: what a found is not of it, and b's not of the others.
    await keep(`${a}/tp1/attention.csv`, (row) => row > 0);
    assert.deepEqual(await merged([a, b], "mixed"), {
      errors: [["2", 0.05]],
      steps: false,
      files: ["", "b", ""],
      notes: [
        "TP degree 1: its rows are from several sweeps, and what held-out batches told of each is left out",
      ],
    });
  });
});

Deno.test("a merged sweep tells of a finer moe grid only where all of its parts had it", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1]);
    const b = await writeSweep(`${dir}/b`, [1]);
    const merged = async (parts: readonly string[], out: string) => {
      await mergeSweeps(Deno as unknown as FileSystem, parts, out, "refuse", NOW);
      return (await readMeta(Deno, out))!.values["moe_grid"];
    };
    const finer = (text: string) => `moe_grid:\n  factor: 1.25\n${text}`;
    assert.equal(await merged([a, b], `${dir}/neither`), undefined);
    await edit(`${a}/meta.yaml`, finer);
    assert.equal(await merged([a, b], `${dir}/first`), undefined);
    assert.equal(await merged([b, a], `${dir}/second`), undefined);
    await edit(`${b}/meta.yaml`, finer);
    assert.deepEqual(await merged([a, b], `${dir}/both`), { factor: 1.25 });
  });
});

Deno.test("a merged sweep tells of grids that differ, of which no row can be missed", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1]);
    const b = await writeSweep(`${dir}/b`, [1, 2]);
    let number = 0;
    const grids = async (parts: readonly string[]) => {
      const out = `${dir}/${++number}`;
      await mergeSweeps(Deno as unknown as FileSystem, parts, out, "refuse", NOW);
      return [out, (await readMeta(Deno, out))!.values["grids"]] as const;
    };
    assert.equal((await grids([a, b]))[1], "differ", "nobody knows the grids of other profilers");
    const own = (text: string) => text.replace("version: 1.0.0", "version: vscope 0.1.0");
    for (const part of [a, b]) await edit(`${part}/meta.yaml`, own);
    assert.equal((await grids([a, b]))[1], undefined);
    const change = async (from: string, to: string) => {
      const before = await Deno.readTextFile(`${b}/meta.yaml`);
      await edit(`${b}/meta.yaml`, (text) => text.replace(from, to));
      const [out, found] = await grids([a, b]);
      await Deno.writeTextFile(`${b}/meta.yaml`, before);
      assert.equal(found, "differ", to);
      return out;
    };
    await change("max_num_seqs: 8", "max_num_seqs: 16");
    await change("kv_factor: 2", "kv_factor: 4");
    await change("    pc: 2", "    pc: 4");
    const merged = await change("hardware:", "adaptive: { tolerance: 0.1 }\nhardware:");
    assert.equal((await grids([merged, a]))[1], "differ", "merged again");
  });
});

Deno.test("a row with other times is refused, or taken from the first or the last, copies with it", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1]);
    const b = await writeSweep(`${dir}/b`, [1, 2]);
    for (const tp of [1, 2]) {
      await edit(`${b}/tp${tp}/dense.csv`, (text) => text.replace(/^(layernorm,1,).*$/m, "$199"));
    }
    const merge = (onConflict: "refuse" | "first" | "last") =>
      mergeSweeps(Deno as unknown as FileSystem, [a, b], `${dir}/${onConflict}`, onConflict, NOW);
    await assert.rejects(
      merge("refuse"),
      /^UsageError: Cannot merge ".*\/b" into ".*\/a": 1 rows of tp1\/dense\.csv are in both with other times; give --on-conflict/,
    );
    assert.deepEqual(await namesIn(dir), ["a", "b"]);
    await merge("first");
    await merge("last");
    const norm = async (name: string, tp: number) =>
      (await lines(`${dir}/${name}/tp${tp}/dense.csv`)).find((line) =>
        line.startsWith("layernorm,1,")
      );
    assert.equal(await norm("last", 1), "layernorm,1,99");
    assert.equal(await norm("last", 2), "layernorm,1,99");
    assert.notEqual(await norm("first", 1), "layernorm,1,99");
    assert.equal(await norm("first", 2), await norm("first", 1));
  });
});

Deno.test("sweeps of another kind are refused in one sentence, and nothing is written", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1]);
    const cases: [(text: string) => string, RegExp][] = [
      [
        (text) => text.replace("gpu: NVIDIA H200", "gpu: NVIDIA H100"),
        /gpu NVIDIA H100, the other with NVIDIA H200/,
      ],
      [
        (text) => text.replace("vllm_version: 0.26.0", "vllm_version: 0.32.0"),
        /vllm_version 0\.32\.0/,
      ],
      [(text) => text.replace("model: Qwen/", "model: Other/"), /model Other\//],
      [(text) => `${text}times: microseconds\n`, /only one of them says that the times/],
      [(text) => `${text}sweeps:\n  - { gpu: NVIDIA B200 }\n`, /NVIDIA H200 and NVIDIA B200/],
    ];
    for (const [place, [change, message]] of cases.entries()) {
      const b = await writeSweep(`${dir}/b${place}`, [1]);
      await edit(`${b}/meta.yaml`, change);
      await assert.rejects(
        mergeSweeps(Deno as unknown as FileSystem, [a, b], `${dir}/out`, "first", NOW),
        (error: Error) => {
          assert.equal(error.name, "UsageError");
          assert.match(error.message, message);
          return true;
        },
      );
    }
    const further: [string[], RegExp][] = [
      [[a, a, "--out", `${dir}/out`], /with itself: give it once/],
      [[a, `${dir}/none`, "--out", `${dir}/out`], /it is no sweep/],
      [[a, `${dir}/b0`], /give --out DIR/],
      [[a, "--out", `${dir}/out`], /merged where it lies/],
      [[a, `${dir}/b4`, "--out", a], /the folder already holds|NVIDIA B200/],
    ];
    for (const [words, message] of further) {
      const { code, stderr } = await vscopeHere(["bundle", "merge", ...words]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    assert.ok(!(await namesIn(dir)).includes("out"));
  });
});

Deno.test("journals become one: sweeps get numbers of their own, and the shot that counts comes last", async () => {
  await inFolder(async (dir) => {
    const line = (sweep: number): SweepLine => ({
      sweep,
      started_at: "2026-01-01T00:00:00Z",
      identity: {
        vllm_version: "0.26.0",
        gpu: "NVIDIA H200",
        model_config_sha256: "c",
        dtype: "bfloat16",
        quantization: "none",
        kv_cache_dtype: "auto",
        timer: "kineto",
      },
      layers: { attention: "Attention" },
      forced: [],
      provenance: {},
    });
    const shot = (s: number, us: number): ShotLine => ({
      k: "1,0",
      tp: 1,
      s,
      us: { attention: [us] },
    });
    for (const [name, us] of [["a", 5], ["b", 7]] as const) {
      await writeSweep(`${dir}/${name}`, [1]);
      await Deno.writeTextFile(
        `${dir}/${name}/journal.log`,
        [line(1), shot(1, us)].map(journalLine).join(""),
      );
    }
    for (const [onConflict, last] of [["first", 5], ["last", 7]] as const) {
      await mergeSweeps(
        Deno as unknown as FileSystem,
        [`${dir}/a`, `${dir}/b`],
        `${dir}/${onConflict}`,
        onConflict,
        NOW,
      );
      const journal = parseJournal(await Deno.readFile(`${dir}/${onConflict}/journal.log`));
      assert.deepEqual(journal.sweeps.map(({ sweep }) => sweep), [1, 2]);
      assert.deepEqual(journal.shots.map(({ s }) => s), [1, 2]);
      assert.deepEqual(journal.shots.at(-1)!.us, { attention: [last] });
      assert.equal(journal.damaged, 0);
    }
  });
});

Deno.test("whatever write fails, there is no half a sweep", async () => {
  await inFolder(async (dir) => {
    const a = await writeSweep(`${dir}/a`, [1]);
    const b = await writeSweep(`${dir}/b`, [1, 2]);
    for (const fault of ["writeTextFile", "rename", "mkdir"] as const) {
      for (const nth of [1, 4, 9]) {
        let calls = 0;
        const files = new Proxy(Deno, {
          get: (target, name) =>
            name !== fault ? Reflect.get(target, name) : (...words: never[]) => {
              if (++calls === nth) throw new Error("No space left on device (os error 28)");
              return (target[fault] as (...words: never[]) => unknown)(...words);
            },
        }) as unknown as FileSystem;
        const failed = await mergeSweeps(files, [a, b], `${dir}/out`, "refuse", NOW)
          .then(() => false, (error: Error) => /No space left/.test(error.message));
        assert.ok(failed || nth > 1, `${fault} did not fail`);
        const left = await namesIn(`${dir}/out`);
        if (failed) assert.deepEqual(left, [], `${fault} ${nth}`);
        else assert.ok(left.includes("bundle.json"), `${fault} ${nth}`);
        assert.ok((await namesIn(dir)).every((name) => !name.endsWith(".tmp")));
        await Deno.remove(`${dir}/out`, { recursive: true }).catch(() => {});
      }
    }
  });
});

/** The fit: known alphas come back, files are written as LLMServingSim writes them. */

import assert from "node:assert/strict";
import { bucketAxes } from "../../kit/sweep/fit/bucket_axes.ts";
import { fitBundle } from "../../kit/sweep/fit/fit_bundle.ts";
import { fitSkew } from "../../kit/sweep/fit/fit.ts";
import { withSkewFit } from "../../kit/sweep/fit/fit_meta.ts";
import { skewFitCsv } from "../../kit/sweep/fit/skew_fit_csv.ts";
import type { SkewRow } from "../../kit/sweep/fit/skew_rows.ts";
import { fc } from "../deps.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";
import { alphaOf, edit, editRows, writeSweep } from "./made.ts";

function row(part: Partial<SkewRow>): SkewRow {
  return {
    n: 8,
    pc: 0,
    kp: 0,
    kvs: 128,
    kv_big: 512,
    kv_mean: 176,
    t_mean_us: 100,
    t_max_us: 110,
    t_skew_us: 103,
    ...part,
  };
}

Deno.test("a bucket's alpha is the least-squares one, by hand", () => {
  // (10·3 + 20·8) / (10² + 20²) = 190 / 500
  const fit = fitSkew([row({}), row({ t_max_us: 120, t_skew_us: 108 })])!;
  assert.equal(fit.buckets.length, 1);
  assert.equal(fit.buckets[0]!.alpha, 0.38);
  assert.equal(fit.alphaDefault, 0.38);
  assert.deepEqual(fit.buckets[0]!.bucket, [0, "n<=8", "sr<=15%", "kvB<=1k", "kp=0"]);
  // Predicted 103.8 and 107.6: errors 0.8/103 and -0.4/108.
  const { p50, p90, p99, signedMean } = fit.errors!;
  assert.equal(p50, 0.0057);
  assert.equal(p90, 0.0074);
  assert.equal(p99, 0.0077);
  assert.equal(signedMean, 0.002);
});

Deno.test("where no time differs alpha is zero, and without rows there is no fit", () => {
  assert.equal(fitSkew([row({ t_max_us: 100 })])!.alphaDefault, 0);
  assert.equal(fitSkew([]), undefined);
});

Deno.test("axes are made from what was measured", () => {
  const axes = bucketAxes([
    row({ n: 2, kp: 0, kv_big: 300 }),
    row({ n: 64, kp: 512, kv_big: 5000 }),
    row({ n: 8, kp: 2048 }),
  ]);
  assert.deepEqual(axes.n, {
    bins: [0, 2, 8, 64, 1_000_000],
    labels: ["n<=2", "n<=8", "n<=64", "n>64"],
  });
  assert.deepEqual(axes.kp, {
    bins: [-1, 0, 512, 2048, 1_000_000_000],
    labels: ["kp=0", "kp<=512", "kp<=2k", "kp>2k"],
  });
  assert.deepEqual(axes.kvBig, {
    bins: [0, 1024, 4096, 5000, 1_000_000_000],
    labels: ["kvB<=1k", "kvB<=4k", "kvB<=5000", "kvB>5000"],
  });
  assert.deepEqual(bucketAxes([row({ kv_big: 10 })]).kvBig.labels, ["kvB<=1k", "kvB>1k"]);
});

Deno.test("any alpha that the data has comes back, in every bucket", () => {
  fc.assert(fc.property(
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.array(
      fc.record({
        n: fc.integer({ min: 1, max: 512 }),
        pc: fc.constantFrom(0, 16, 256),
        kp: fc.constantFrom(0, 512, 1000),
        kvs: fc.integer({ min: 16, max: 2000 }),
        kv_big: fc.integer({ min: 2000, max: 70_000 }),
        t_mean_us: fc.integer({ min: 1, max: 1000 }),
        span: fc.integer({ min: 1, max: 1000 }),
      }),
      { minLength: 1, maxLength: 60 },
    ),
    (alpha, cases) => {
      const fit = fitSkew(cases.map(({ span, ...found }) =>
        row({
          ...found,
          kv_mean: Math.floor((found.kvs + found.kv_big) / 2),
          t_max_us: found.t_mean_us + span,
          t_skew_us: found.t_mean_us + alpha * span,
        })
      ))!;
      assert.equal(fit.samples, cases.length);
      assert.equal(fit.buckets.reduce((sum, { samples }) => sum + samples, 0), cases.length);
      for (const { alpha: found } of fit.buckets) {
        assert.ok(Math.abs(found - alpha) <= 0.000051, `${found} for ${alpha}`);
      }
    },
  ));
});

Deno.test("the file is sorted and its floats are Python's", () => {
  const fit = fitSkew([
    row({ pc: 16, t_skew_us: 110 }),
    row({ pc: 0, t_skew_us: 99.9999 }),
    row({ pc: 0, n: 16, t_skew_us: 100 }),
  ])!;
  assert.equal(
    skewFitCsv(fit),
    "pc,n_label,skew_rate_label,kv_big_label,kp_label,alpha,n_samples\n" +
      "0,n<=16,sr<=15%,kvB<=1k,kp=0,0.0,1\n" +
      "0,n<=8,sr<=15%,kvB<=1k,kp=0,-0.0,1\n" +
      "16,n<=8,sr<=15%,kvB<=1k,kp=0,1.0,1\n",
  );
});

Deno.test("bundle fit writes the alphas that a sweep was made with, and --check agrees", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    await Deno.remove(`${dir}/tp1/skew_fit.csv`);
    const checked = await vscopeHere(["bundle", "fit", "--check", "--json", dir]);
    assert.equal(checked.code, 1);
    const [first, second] = JSON.parse(checked.stdout);
    assert.equal(first.tp, 1);
    assert.equal(first.differing, first.buckets);
    assert.equal(second.differing, 0);
    const before = await Deno.readTextFile(`${dir}/meta.yaml`);
    assert.equal((await vscopeHere(["bundle", "fit", dir])).code, 0);
    assert.equal(await Deno.readTextFile(`${dir}/meta.yaml`), before);
    assert.equal((await vscopeHere(["bundle", "fit", "--check", dir])).code, 0);
    const lines = (await Deno.readTextFile(`${dir}/tp1/skew_fit.csv`)).trim().split("\n").slice(1);
    assert.equal(lines.length, first.buckets);
    for (const line of lines) {
      const cells = line.split(",");
      assert.ok(Math.abs(Number(cells[5]) - alphaOf(Number(cells[0]))) < 0.002, line);
    }
  });
});

Deno.test("bundle fit keeps CRLF where the sweep's files have it, and every line of meta", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    const fit = await Deno.readTextFile(`${dir}/tp1/skew_fit.csv`);
    await edit(`${dir}/tp1/attention.csv`, (text) => text.replaceAll("\n", "\r\n"));
    await Deno.remove(`${dir}/tp1/skew_fit.csv`);
    await edit(`${dir}/meta.yaml`, (text) => `${text.replace(/skew_fit:[\s\S]*/, "")}# the end\n`);
    await fitBundle(Deno, dir, { write: true });
    assert.equal(
      await Deno.readTextFile(`${dir}/tp1/skew_fit.csv`),
      fit.replaceAll("\n", "\r\n"),
    );
    assert.match(
      await Deno.readTextFile(`${dir}/meta.yaml`),
      /^# made up\n[\s\S]*# the end\nskew_fit:/,
    );
  });
});

Deno.test("meta in another form is not written over", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    await Deno.writeTextFile(`${dir}/meta.yaml`, '{"model": "x",\n "variant": "y"}\n');
    const { code, stderr } = await vscopeHere(["bundle", "fit", dir]);
    assert.equal(code, 2);
    assert.match(stderr, /meta\.yaml is not written in lines/);
  });
});

Deno.test("an empty meta gets the fit alone, and what follows a fit stays", () => {
  assert.equal(
    withSkewFit("{}\n", "skew_fit:\n  enabled: false\n"),
    "skew_fit:\n  enabled: false\n",
  );
  assert.equal(
    withSkewFit(
      "a: 1\nskew_fit:\n  enabled: true\n  x: [1,\n    2]\nb: 2\n",
      "skew_fit:\n  y: 1\n",
    ),
    "a: 1\nskew_fit:\n  y: 1\nb: 2\n",
  );
});

Deno.test("TP degrees of other grids keep axes of their own, wrapped as PyYAML wraps", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    await editRows(`${dir}/tp2/skew.csv`, (rows) => rows.filter((row) => row[1] !== "8"));
    await fitBundle(Deno, dir, { write: true });
    const text = await Deno.readTextFile(`${dir}/meta.yaml`);
    assert.equal(text.match(/\n {6}bucket_axes:\n {8}pc: raw pc value/g)?.length, 2);
    assert.doesNotMatch(text, /\n {2}bucket_axes/);
    for (const line of text.split("\n")) assert.ok(line.length < 95, line);
  });
});

Deno.test("a cell that is no number is bad input, with its line", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    await editRows(`${dir}/tp1/skew.csv`, (rows) => {
      rows[6]![10] = "fast";
      rows[6]![13] = "0.1";
      return rows;
    });
    const { code, stderr } = await vscopeHere(["bundle", "fit", dir]);
    assert.equal(code, 2);
    assert.match(stderr, /line 8 has "fast" as t_mean_us/);
  });
});

Deno.test("where a file cannot be written the old one stays whole, with nothing beside it", async () => {
  for (const broken of ["skew_fit.csv", "meta.yaml"]) {
    for (const fault of ["writeTextFile", "rename"] as const) {
      await inFolder(async (dir) => {
        await writeSweep(dir, [1]);
        const kept = broken === "meta.yaml" ? `${dir}/meta.yaml` : `${dir}/tp1/${broken}`;
        const before = await Deno.readTextFile(kept);
        await editRows(`${dir}/tp1/skew.csv`, (rows) => rows.slice(0, rows.length / 2));
        const files = {
          ...faithful(),
          async [fault](path: string, second: string) {
            if (path.includes(broken)) {
              // The disk is full halfway.
              if (fault === "writeTextFile") await Deno.writeTextFile(path, second.slice(0, 10));
              throw new Error("No space left on device");
            }
            await Deno[fault](path, second);
          },
        };
        await assert.rejects(
          fitBundle(files as typeof Deno, dir, { write: true }),
          new RegExp(`Cannot write .*${broken}: No space left`),
        );
        assert.equal(await Deno.readTextFile(kept), before);
        const names = [...await namesIn(dir), ...await namesIn(`${dir}/tp1`)];
        assert.ok(names.every((name) => !name.endsWith(".tmp")), names.join());
      });
    }
  }
});

/** The parts of Deno's file system that a fit takes. */
function faithful() {
  const { readDir, readTextFile, writeTextFile, rename, remove } = Deno;
  return { readDir, readTextFile, writeTextFile, rename, remove };
}

/** Shots that cannot be fired, or that the engine dies of. */

import assert from "node:assert/strict";
import { inFolder } from "../../folders.ts";
import { column, ONE, sweep } from "../../sweep/fake_sweep.ts";

Deno.test("a shot at which the engine dies is set aside and told, and the rest is measured", async () => {
  await inFolder(async (cwd) => {
    const { code, json, dir } = await sweep(cwd, [...ONE, "--only", "dense,attention"], {
      FAKE_DEATH: "1x7+0",
    });
    assert.equal(code, 1);
    assert.equal(json.status, "partial");
    assert.match(
      JSON.stringify(json.notes),
      /the shot \\"1x7\+0\\" was set aside: the engine died/,
    );
    const tokens = await column(dir, "tp1/dense.csv", "tokens");
    assert.ok(tokens.includes(6) && tokens.includes(8) && !tokens.includes(7));
    assert.ok((await column(dir, "tp1/attention.csv", "time_us")).length > 10);
    const again = await sweep(cwd, [...ONE, "--only", "dense,attention"]);
    assert.equal(again.code, 0, again.stderr);
  });
});

Deno.test("where shots come together, the one in flight is set aside, or found one by one", async () => {
  for (const [flight, deaths] of [[{ FAKE_FLIGHT: "1" }, 1], [{}, 2]] as const) {
    await inFolder(async (cwd) => {
      const { code, json, dir, journal } = await sweep(cwd, [...ONE, "--only", "dense,attention"], {
        ...flight,
        FAKE_SESSION: "8",
        FAKE_DEATH: "1x7+0",
      });
      assert.equal(code, 1);
      const told = JSON.stringify(json.notes);
      assert.match(told, /the shot \\"1x7\+0\\" was set aside: the engine died/);
      assert.equal(told.match(/another is started/g)!.length, deaths, told);
      const tokens = await column(dir, "tp1/dense.csv", "tokens");
      assert.ok([1, 6, 8].every((count) => tokens.includes(count)) && !tokens.includes(7));
      const keys = journal.shots.map(({ k }) => k);
      assert.equal(new Set(keys).size, keys.length, "a shot was fired twice");
    });
  }
});

Deno.test("a shot that the engine cannot fire is told, and no engine is started for it again", async () => {
  await inFolder(async (cwd) => {
    const { json, stderr } = await sweep(cwd, [...ONE, "--only", "dense"], {
      FAKE_REFUSED: "1x3+0",
    });
    assert.equal(json.status, "partial", stderr);
    assert.match(JSON.stringify(json.notes), /\\"1x3\+0\\" was set aside: it does not fit/);
  });
});

Deno.test("of an engine that can fire nothing one reason is told once, and a page tells it too", async () => {
  await inFolder(async (cwd) => {
    const { code, json, dir } = await sweep(cwd, [...ONE, "--only", "dense"], {
      FAKE_REFUSED: "all",
    });
    assert.deepEqual([code, json.status], [1, "failed"]);
    assert.deepEqual(json.notes.map(({ message }: { message: string }) => message), [
      'TP degree 1: the shot "1x1+0" and 15 more were set aside: it does not fit',
      "No shot could be measured in this engine, and there are no tables",
    ]);
    assert.match(await Deno.readTextFile(`${dir}/report.html`), /15 more were set aside/);
  });
});

Deno.test("a sweep whose engine does not come up fails with the engine's reason", async () => {
  await inFolder(async (cwd) => {
    const { code, json, dir, stderr } = await sweep(cwd, [...ONE, "--only", "dense"], {
      FAKE_BROKEN: "qwen3_moe",
    });
    assert.deepEqual([code, json.status], [1, "failed"], stderr);
    assert.match(json.notes[0].message, /^vLLM did not start: ValueError: qwen3_moe is broken/);
    assert.match(await Deno.readTextFile(`${dir}/report.html`), /qwen3_moe is broken/);
  });
});

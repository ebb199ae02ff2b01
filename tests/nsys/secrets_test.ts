import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { allowedEnvironment } from "../../kit/engine/nvidia/environment.ts";
import { scrubExport } from "../../kit/engine/nsys/scrub.ts";
import { foundIn, PLANT, plantSecrets } from "../../kit/engine/nvidia/secrets.ts";
import { recorded } from "../analysis/nsys/analyzed.ts";
import { fc } from "../deps.ts";
import { inFolder } from "../folders.ts";

Deno.test("an environment is let through by name, and never a secret", () => {
  const given = {
    PATH: "/bin",
    HF_HOME: "/h",
    HF_TOKEN: "hf_x",
    HF_TOKEN_PATH: "/h/token",
    VLLM_API_KEY: "k",
    VLLM_MAX_TOKENS_PER_EXPERT: "7",
    CUDA_VISIBLE_DEVICES: "1",
    HTTPS_PROXY: "http://me:pw@proxy:80",
    https_proxy: "http://proxy:80",
    TOKENIZERS_PARALLELISM: "false",
    AWS_REGION: "eu",
  };
  assert.deepEqual(Object.keys(allowedEnvironment(given).left), [
    "HF_TOKEN",
    "VLLM_API_KEY",
    "HTTPS_PROXY",
    "AWS_REGION",
  ]);
  assert.deepEqual(Object.keys(allowedEnvironment(given, ["HF_TOKEN"]).left), [
    "VLLM_API_KEY",
    "HTTPS_PROXY",
    "AWS_REGION",
  ]);
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.string()), (env) => {
    const { env: goes, left } = allowedEnvironment(env);
    assert.deepEqual({ ...goes, ...left }, { ...env });
  }));
});

Deno.test("what is planted goes the way of all variables; secrets of the command are looked for", () => {
  const { environment, needles } = plantSecrets(
    { PATH: "/bin", HF_TOKEN: "hf_12345678", EDITOR: "a-long-name-of-one", A: "b" },
    [],
    ["vllm", "serve", "M", "--api-key", "sesame-sesame", "--hf-token=hf_other1"],
  );
  assert.deepEqual(Object.keys(environment.env), ["PATH"]);
  assert.ok(PLANT in environment.left);
  const texts = needles.map(({ text }) => text);
  for (const text of ["hf_12345678", "EDITOR=a-long-name-of-one", "sesame-sesame", "hf_other1"]) {
    assert.ok(texts.includes(text), text);
  }
  // Messages name what was found, and never its value.
  assert.doesNotMatch(needles.map(({ what }) => what).join(), /hf_1|sesame|planted-/);
});

Deno.test("a needle is found wherever it stands, across the blocks of a file too", async () => {
  await inFolder(async (dir) => {
    const needles = [{ text: "größer-secret", what: "a" }, { text: "nowhere-at-all", what: "b" }];
    const secret = new TextEncoder().encode(needles[0]!.text);
    const block = 1 << 23;
    for (const at of [0, 1, block - 5, block - secret.length, block, 2 * block - 3]) {
      const bytes = new Uint8Array(2 * block + 50);
      bytes.set(secret, at);
      await Deno.writeFile(`${dir}/f`, bytes);
      assert.deepEqual((await foundIn(Deno, `${dir}/f`, needles)).map(({ what }) => what), ["a"]);
    }
    await Deno.writeFile(`${dir}/f`, new Uint8Array());
    assert.deepEqual(await foundIn(Deno, `${dir}/f`, needles), []);
  });
});

Deno.test("a recorded export loses every text with a secret, and no figure", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    await Deno.writeFile(path, await recorded("dense-graphs"));
    const count = (database: DatabaseSync, table: string) =>
      database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"];
    const tables = ["CUPTI_ACTIVITY_KIND_KERNEL", "NVTX_EVENTS", "CUPTI_ACTIVITY_KIND_RUNTIME"];
    const database = new DatabaseSync(path);
    const before = tables.map((table) => count(database, table));
    database.exec(`
      UPDATE NVTX_EVENTS SET text = 'a range of planted-1' WHERE rowid = 3;
      CREATE TABLE OfANewerRelease (anything, number INTEGER);
      INSERT INTO OfANewerRelease VALUES (CAST('EDITOR=a-long-name' AS BLOB), 7), ('a=b', 8);
      INSERT INTO StringIds VALUES (900001, CAST(x'413d420043' AS TEXT));
    `);
    database.close();
    const needles = [{ text: "planted-1", what: "p" }, { text: "EDITOR=a-long-name", what: "e" }];
    const removed = scrubExport(path, needles);
    assert.deepEqual(removed, { StringIds: 1, NVTX_EVENTS: 1, OfANewerRelease: 1 });
    assert.deepEqual(await foundIn(Deno, path, needles), []);
    const after = new DatabaseSync(path);
    assert.deepEqual(tables.map((table) => count(after, table)), before);
    assert.equal(count(after, "OfANewerRelease WHERE anything = 'a=b'"), 1);
    assert.deepEqual(after.prepare("PRAGMA integrity_check").all().map((row) => ({ ...row })), [{
      integrity_check: "ok",
    }]);
    after.close();
    assert.deepEqual(scrubExport(path, needles), {});
  });
});

Deno.test("what is no database is refused with a reason", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/x.sqlite`, "no database at all, but some text".repeat(99));
    assert.throws(() => scrubExport(`${dir}/x.sqlite`, []), /Cannot take environments out of/);
  });
});

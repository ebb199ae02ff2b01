/** Results that come home through an S3-compatible storage, and what happens where it refuses. */

import assert from "node:assert/strict";
import { inFolder, namesIn } from "../../folders.ts";
import { DENSE, sweepAll, tablesOf, timesOf } from "../../engine/fleet/batch.ts";
import { loadZip } from "../../../kit/deps.ts";
import { S3Client } from "../../../kit/engine/fleet/storage/s3_client.ts";
import { s3KeysOf, s3PlaceOf } from "../../../kit/fleet/s3_place.ts";
import { type JobsApi, withJobsApi } from "../../engine/fleet/jobs_api.ts";
import { BUCKET, type S3Server, withS3 } from "../../engine/fleet/s3_server.ts";

/** Runs a batch whose results go through the storage. */
async function throughS3(
  cwd: string,
  api: JobsApi,
  s3: S3Server,
  args: readonly string[] = [],
  env: Record<string, string> = s3.env,
) {
  const otherwise = (flag: string, word: string) => args.includes(flag) ? [] : [flag, word];
  const place = [
    ...otherwise("--storage", `s3://${BUCKET}/team/runs`),
    ...otherwise("--storage-endpoint", s3.url),
  ];
  return await sweepAll(
    cwd,
    api,
    [DENSE, ...place, ...args],
    undefined,
    env,
  );
}

/** All texts of a folder, one after the other. */
async function textsIn(folder: string): Promise<string> {
  let text = "";
  for (const name of await namesIn(folder)) {
    const path = `${folder}/${name}`;
    text += (await Deno.stat(path)).isDirectory
      ? await textsIn(path)
      : await Deno.readTextFile(path);
  }
  return text;
}

Deno.test("results may come through a bucket, and whose it is stands nowhere", async () => {
  await inFolder((cwd) =>
    withS3((s3) =>
      withJobsApi(2, async (api) => {
        // A job keeps the keys for itself.
        api.env = { FAKE_WITHOUT: "AWS_SECRET_ACCESS_KEY" };
        const { code, said, dir, json } = await throughS3(cwd, api, s3);
        assert.equal(code, 0, said.join("\n"));
        const alone = await sweepAll(cwd, undefined, [DENSE]);
        const sweep = `${DENSE}/bf16`;
        assert.deepEqual(
          await tablesOf(`${dir}/${sweep}`),
          await tablesOf(`${alone.dir}/${sweep}`),
        );
        assert.deepEqual(await timesOf(`${dir}/${sweep}`), await timesOf(`${alone.dir}/${sweep}`));
        const written = s3.seen.filter((line) => /^PUT .*\.pieces$/.test(line));
        assert.ok(written.length >= 2, "both jobs wrote");
        assert.ok(written.every((line) => line.startsWith(`PUT /${BUCKET}/team/runs/vscope-`)));
        // What is in the sweep's own journal is not kept twice.
        assert.deepEqual(await s3.objects(), []);
        const { unzipSync } = await loadZip();
        const texts = [
          ...said,
          JSON.stringify(json),
          await textsIn(cwd),
          ...[...api.packages.values()].flatMap((bytes) =>
            Object.values(unzipSync(bytes)).map((file) => new TextDecoder().decode(file))
          ),
          ...[...api.jobs.values()].map(({ request }) =>
            JSON.stringify({
              ...request,
              runtime_env: { ...request["runtime_env"] as object, env_vars: {} },
            })
          ),
        ];
        for (const id of api.jobs.keys()) {
          const { logs } = await (await fetch(`${api.url}/api/jobs/${id}/logs`)).json();
          assert.doesNotMatch(logs, /^vscope-piece/m);
          texts.push(logs);
        }
        assert.doesNotMatch(texts.join("\n"), /nobody-may-see/);
        const plan = await throughS3(cwd, api, s3, ["--dry-run"]);
        assert.doesNotMatch(JSON.stringify(plan.json) + plan.said, /nobody-may-see/);
        for (const { request } of api.jobs.values()) {
          const { env_vars } = request["runtime_env"] as { env_vars: unknown };
          assert.deepEqual(env_vars, s3.env);
        }
      })
    )
  );
});

Deno.test("a storage that cannot be used is refused in one sentence, and nothing is submitted", async () => {
  await inFolder((cwd) =>
    withS3((s3) =>
      withJobsApi(1, async (api) => {
        const cases: [string[], Record<string, string>, RegExp][] = [
          [["--storage", "s3://nothing/x"], s3.env, /there is no bucket "nothing" at http:\/\/127/],
          [
            [],
            { ...s3.env, AWS_ACCESS_KEY_ID: "OTHER" },
            /does not let these keys list .* in the bucket "sweeps" \(403, InvalidAccessKeyId\)/,
          ],
          [
            [],
            { AWS_ACCESS_KEY_ID: "" },
            /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set/,
          ],
          [["--storage", "s3://"], s3.env, /--storage is no place in a bucket; give it as s3:/],
          [["--storage", `s3://${BUCKET}/a?b`], s3.env, /--storage is no place in a bucket/],
          [["--storage", "gs://bucket/x"], s3.env, /"gs:\/\/bucket\/x" is neither a folder nor/],
          [
            ["--storage-endpoint", "storage:9000"],
            s3.env,
            /is no address of a storage; give one as/,
          ],
          [["--storage-endpoint", "http://127.0.0.1:1"], s3.env, /127\.0\.0\.1:1 does not answer/],
        ];
        for (const [args, env, message] of cases) {
          const { code, json } = await throughS3(cwd, api, s3, args, env);
          assert.equal(code, 2, JSON.stringify(json));
          assert.match(json.error!.message, message);
        }
        s3.refuse = ({ method }) => method === "PUT" ? 403 : undefined;
        const { code, json } = await throughS3(cwd, api, s3);
        assert.equal(code, 2);
        assert.match(json.error!.message, /does not let these keys write .*\(403, ExpiredToken\)/);
        assert.equal(api.jobs.size, 0);
        assert.deepEqual(await namesIn(cwd), []);
      })
    )
  );
});

Deno.test("a storage that is busy for a while costs time and no shot", async () => {
  await inFolder((cwd) =>
    withS3((s3) =>
      withJobsApi(2, async (api) => {
        let [writes, reads] = [0, 0];
        s3.refuse = ({ url, method }) => {
          if (method === "PUT" && url.endsWith(".pieces") && writes++ < 8) return 503;
          return method === "GET" && url.includes("jobs") && reads++ < 8 ? 503 : undefined;
        };
        const { code, said, dir } = await throughS3(cwd, api, s3);
        assert.equal(code, 0, said.join("\n"));
        assert.ok(writes > 8 && reads > 8);
        assert.match(
          said.join("\n"),
          /the storage did not list .*\(503, SlowDown\); vscope goes on/,
        );
        assert.equal(api.jobs.size, 2);
        const times = await timesOf(`${dir}/${DENSE}/bf16`);
        assert.equal(new Set(times).size, times.length);
      })
    )
  );
});

Deno.test("a job whose keys are refused in its midst says the rest in its log", async () => {
  await inFolder((cwd) =>
    withS3((s3) =>
      withJobsApi(2, async (api) => {
        s3.refuse = ({ url, method }) =>
          method === "PUT" && url.endsWith(".pieces") ? 403 : undefined;
        const { code, said, dir } = await throughS3(cwd, api, s3);
        assert.equal(code, 0, said.join("\n"));
        assert.equal(api.jobs.size, 2);
        const alone = await sweepAll(cwd, undefined, [DENSE]);
        assert.deepEqual(
          await timesOf(`${dir}/${DENSE}/bf16`),
          await timesOf(`${alone.dir}/${DENSE}/bf16`),
        );
        const id = [...api.jobs.keys()][0]!;
        const { logs } = await (await fetch(`${api.url}/api/jobs/${id}/logs`)).json();
        assert.match(logs, /does not let these keys write .*; results go through this log instead/);
      })
    )
  );
});

Deno.test("objects are listed page by page, and any key is written, read and removed", async () => {
  await withS3(async (s3) => {
    const place = s3PlaceOf(`s3://${BUCKET}/a b/é&+`, s3.url, {});
    const client = new S3Client(place, s3KeysOf(s3.env)!, 2);
    const names = ["00 <&>", "01 +", "02 é", "03", "04", "05"];
    for (const name of names) await client.put(`x/${name}`, name);
    await client.put("y", "other");
    assert.deepEqual(await client.list("x/"), names);
    assert.equal(await client.get(`x/${names[2]}`), names[2]);
    await client.remove(`x/${names[0]}`);
    await client.remove(`x/${names[0]}`);
    assert.equal(await client.get(`x/${names[0]}`), undefined);
    assert.deepEqual(await client.list("x/"), names.slice(1));
  });
});

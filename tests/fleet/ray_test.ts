/** What Ray says and is told; the documents are those of a Ray 2.60 with a head and a node. */

import assert from "node:assert/strict";
import {
  failureOf,
  foundNoRoom,
  heldSeconds,
  isOver,
  type RayJob,
  roomFor,
  submission,
} from "../../kit/fleet/ray.ts";
import { attemptOf, submissionId, unitsOf } from "../../kit/fleet/units.ts";
import { clusterAddress, placementsOf } from "../../kit/fleet/where.ts";
import { fc } from "../deps.ts";

const recorded = JSON.parse(
  await Deno.readTextFile(new URL("recorded/ray-2.60.json", import.meta.url)),
);
const jobs = recorded.jobs as Record<string, RayJob>;

Deno.test("the end of a job is told in one line", () => {
  assert.ok(!isOver(jobs["pending"]!) && !isOver(jobs["running"]!));
  for (const name of ["succeeded", "failed", "stopped", "node_lost"]) {
    assert.ok(isOver(jobs[name]!));
  }
  assert.equal(failureOf(jobs["failed"]!), "the job ended with exit code 3");
  assert.equal(failureOf(jobs["stopped"]!), "the job was stopped");
  assert.match(failureOf(jobs["node_lost"]!), /^the job failed: Job supervisor actor died: .{10}/);
  assert.ok(!foundNoRoom(jobs["node_lost"]!));
  const late = {
    ...{ submission_id: "a", status: "FAILED" as const },
    message: "Job supervisor actor failed to start within 900 seconds.",
  };
  assert.ok(foundNoRoom(late));
});

Deno.test("seconds are held from the start to the end, or until now", () => {
  const job = jobs["succeeded"]!;
  assert.equal(heldSeconds(job, 0), (job.end_time! - job.start_time!) / 1000);
  assert.equal(heldSeconds({ ...jobs["running"]!, start_time: 1000 }, 3500), 2.5);
  assert.equal(heldSeconds(jobs["pending"]!, 9e15), 0);
});

Deno.test("room is counted by node, and a node that is gone has none", () => {
  const { nodes } = recorded;
  const one = { gpus: 0, cpus: 1, resource: "tiny" };
  assert.equal(roomFor(one, nodes), 1);
  assert.equal(roomFor({ ...one, cpus: 2 }, nodes), 0);
  assert.equal(roomFor({ gpus: 1, cpus: 1 }, nodes), 0);
  assert.equal(roomFor({ gpus: 0, cpus: 0.5 }, nodes), 2);
  const dead = structuredClone(nodes);
  for (const node of dead.data.summary) node.raylet.state = "DEAD";
  assert.equal(roomFor(one, dead), 0);
  const many = {
    data: {
      summary: [
        {
          raylet: {
            state: "ALIVE",
            resourcesTotal: { GPU: 8, CPU: 100, "accelerator_type:H100": 1 },
          },
        },
        { raylet: { state: "ALIVE", resourcesTotal: { GPU: 4, CPU: 2 } } },
      ],
    },
  };
  assert.equal(roomFor({ gpus: 1, cpus: 1 }, many), 10);
  assert.equal(roomFor({ gpus: 1, cpus: 1, resource: "accelerator_type:H100" }, many), 8);
  fc.assert(fc.property(fc.jsonValue(), (odd) => {
    const room = roomFor({ gpus: 1, cpus: 1 }, odd);
    assert.ok(room === undefined || room >= 0);
    roomFor({ gpus: 1, cpus: 1 }, { data: { summary: [odd, { raylet: odd }] } });
  }));
});

Deno.test("a job asks for what it needs, and for nothing else", () => {
  const job = {
    id: "i",
    entrypoint: "e",
    runtimeEnv: { working_dir: "gcs://a.zip" },
    metadata: {},
  };
  assert.deepEqual(submission({ ...job, resources: { gpus: 0, cpus: 0 } }), {
    submission_id: "i",
    entrypoint: "e",
    runtime_env: { working_dir: "gcs://a.zip" },
    metadata: {},
  });
  const all = { gpus: 1, cpus: 4, memoryBytes: 5e9, resource: "accelerator_type:H100" };
  const body = submission({ ...job, resources: all });
  assert.deepEqual(
    [body["entrypoint_num_gpus"], body["entrypoint_num_cpus"], body["entrypoint_memory"]],
    [1, 4, 5e9],
  );
  assert.deepEqual(body["entrypoint_resources"], { "accelerator_type:H100": 0.001 });
});

Deno.test("the same command has the same submission IDs, and another one others", () => {
  const sweep = { name: "Qwen--Qwen3 0.6B--bf16", model: "m", tp: [1, 2] };
  const batch = { host: "h", out: "/perf/H", version: "1" };
  const units = unitsOf(sweep, batch, { a: 1 });
  assert.deepEqual(units, unitsOf(sweep, batch, { a: 1 }));
  const ids = [
    ...units,
    ...unitsOf(sweep, batch, { a: 2 }),
    ...unitsOf(sweep, { ...batch, out: "/other" }, { a: 1 }),
    ...unitsOf({ ...sweep, name: "Qwen--Qwen3_0.6B--bf16" }, batch, { a: 1 }),
  ].map((unit) => submissionId(unit, 1));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[\w.-]{1,120}$/);
  const [one, two] = units;
  assert.equal(attemptOf(one!, submissionId(one!, 12)), 12);
  assert.equal(attemptOf(two!, submissionId(one!, 12)), undefined);
  for (const odd of ["", "0", "01", "x", "1x"]) {
    assert.equal(attemptOf(one!, `${one!.prefix}${odd}`), undefined);
  }
});

Deno.test("the hardware may say where it is, and what is no place is refused", () => {
  const on = "http://h:8265";
  const [h100, a100] = ["H100", "A100"].map((name) => ({
    hardware: name,
    resource: `accelerator_type:${name}`,
  }));
  assert.deepEqual(placementsOf(["H100"], on), [{ hardware: "H100" }]);
  assert.deepEqual(placementsOf(undefined, undefined), []);
  assert.deepEqual(placementsOf(["H100=ray:accelerator_type:H100"], on), [h100]);
  const both = ["H100=ray:accelerator_type:H100", "A100=ray:accelerator_type:A100"];
  assert.deepEqual(placementsOf(both, on), [h100, a100]);
  const refused: [string[], string | undefined, RegExp][] = [
    [["H100=k8s:x"], on, /"k8s:x" in --hardware .* is no place; give/],
    [["H100=ray:x"], undefined, /no cluster is given; give --on/],
    [["H100", "A100"], undefined, /names 2 kinds \(H100, A100\), and this machine is of one; give/],
    [["H100=ray:x", "A100"], on, /"A100" does not say which nodes it is on, .* give NAME=ray:/],
    [["H100=ray:x", "H100=ray:y"], on, /has "H100" twice; give each kind once/],
    [["H100=ray:x", "A100=ray:x"], on, /has ray:x twice; give each kind once/],
  ];
  for (const [hardware, where, message] of refused) {
    assert.throws(() => placementsOf(hardware, where), message);
  }
  assert.equal(clusterAddress("http://head:8265/"), "http://head:8265");
  assert.equal(clusterAddress("https://head/ray/"), "https://head/ray");
  for (const odd of ["head:8265", "8265", "file:///x", "http://u:p@h", "http://h/?a=b"]) {
    assert.throws(() => clusterAddress(odd), /is no address of a Ray dashboard; give one as http:/);
  }
  assert.throws(
    () => clusterAddress("ray://head:10001"),
    /that of the dashboard, as http:\/\/head/,
  );
});

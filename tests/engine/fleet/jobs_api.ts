/**
 * Ray's Jobs API as a real Ray 2.60 answers it (`tests/fleet/recorded`), on loopback: jobs are really run, each
 * in a folder with its packages unpacked, on nodes that are only counted.
 */

import { loadZip } from "../../../kit/deps.ts";
import type { RayJob } from "../../../kit/fleet/ray.ts";

/** A job, and what a test may do with it. */
export interface StandInJob {
  doc: Record<string, unknown> & RayJob;
  /** Everything that was submitted. */
  request: Record<string, unknown>;
  /** Its node is gone: the log cannot be had any more. */
  loseNode(): Promise<void>;
}

/** The stand-in. */
export interface JobsApi {
  readonly url: string;
  readonly jobs: Map<string, StandInJob>;
  /** Packages that were sent, by name. */
  readonly packages: Map<string, Uint8Array>;
  /** Requests that are answered with this status from now on; none where it is undefined. */
  broken: number | undefined;
  /** Environment of the next jobs, beside what is inherited. */
  env: Record<string, string>;
  /** The same of jobs on nodes with a mark. */
  readonly envAt: Record<string, Record<string, string>>;
  /** What the nodes' Python has besides the packages of a job. */
  pythonPath: string[];
  /** The cluster forgets all jobs, as one whose head was replaced; those that ran are gone. */
  forget(): Promise<void>;
}

const DONE = ["SUCCEEDED", "FAILED", "STOPPED"];

/**
 * Runs `use` with a cluster of nodes, each of one CPU and the mark `tiny`, or with those marks. A job goes to a node
 * that is free and has what it asks for.
 */
export async function withJobsApi<T>(
  nodes: number | readonly string[],
  use: (api: JobsApi) => Promise<T>,
): Promise<T> {
  const marks = typeof nodes === "number" ? Array.from({ length: nodes }, () => "tiny") : nodes;
  const nodeOf = new Map<string, number>();
  const dir = await Deno.makeTempDir({ prefix: "vscope-test-jobs-" });
  const packages = new Map<string, Uint8Array>();
  const jobs = new Map<string, StandInJob>();
  const running = new Map<string, Deno.ChildProcess>();
  const lost = new Set<string>();
  const stopped = new Set<string>();
  const ended: Promise<void>[] = [];
  const timers: ReturnType<typeof setTimeout>[] = [];

  const unpack = async (uri: string) => {
    const name = uri.replace("gcs://", "");
    const target = `${dir}/${name}.d`;
    if (await Deno.stat(target).then(() => true, () => false)) return target;
    const { unzipSync } = await loadZip();
    for (const [path, bytes] of Object.entries(unzipSync(packages.get(name)!))) {
      const file = `${target}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(file, bytes);
    }
    return target;
  };
  const kill = (id: string, signal: Deno.Signal) => {
    const child = running.get(id);
    try {
      // The whole group, as Ray does: it starts a session of its own.
      if (child) Deno.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const start = async (id: string, node: number) => {
    nodeOf.set(id, node);
    const { doc, request } = jobs.get(id)!;
    const { working_dir, py_modules, env_vars } = request["runtime_env"] as
      & Record<string, string & string[]>
      & { env_vars?: Record<string, string> };
    const cwd = working_dir === undefined ? dir : await unpack(working_dir);
    const modules = await Promise.all((py_modules as string[]).map(unpack));
    const log = await Deno.open(`${dir}/${id}.log`, { append: true, create: true });
    log.close();
    Object.assign(doc, {
      status: "RUNNING",
      driver_node_id: `node-${node + 1}`,
      message: "Job is currently running.",
    });
    const child = new Deno.Command("setsid", {
      args: ["sh", "-c", `exec >>"$LOG" 2>&1; ${request["entrypoint"]}`],
      cwd,
      env: {
        ...{
          LOG: `${dir}/${id}.log`,
          PYTHONPATH: [...modules, ...api.pythonPath].join(":"),
          VSCOPE_DENO: Deno.execPath(),
        },
        ...env_vars,
        ...api.env,
        ...api.envAt[marks[node]!],
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    running.set(id, child);
    ended.push(child.status.then(({ code }) => {
      running.delete(id);
      if (DONE.includes(doc.status)) return;
      if (stopped.has(id)) {
        Object.assign(doc, { status: "STOPPED", end_time: Date.now() });
        return;
      }
      Object.assign(doc, {
        status: code === 0 ? "SUCCEEDED" : "FAILED",
        driver_exit_code: code,
        end_time: Date.now(),
        message: code === 0
          ? "Job finished successfully."
          : `Job entrypoint command failed with exit code ${code}`,
        error_type: code === 0 ? null : "JOB_ENTRYPOINT_COMMAND_ERROR",
      });
    }));
  };
  const place = async () => {
    for (const [id, { doc, request }] of jobs) {
      if (doc.status !== "PENDING") continue;
      const wanted = Object.keys(request["entrypoint_resources"] ?? {});
      const taken = [...running.keys()].map((other) => nodeOf.get(other));
      const node = marks.findIndex((mark, place) =>
        !taken.includes(place) && wanted.every((name) => name === mark)
      );
      if (node >= 0) await start(id, node);
    }
  };

  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (api.broken !== undefined) return new Response("no", { status: api.broken });
    if (pathname === "/api/version") {
      return Response.json({
        version: "4",
        ray_version: "2.60.0",
        ray_commit: "0",
        session_name: "s",
      });
    }
    if (pathname === "/nodes") {
      const summary = marks.map((mark) => ({
        raylet: { state: "ALIVE", resourcesTotal: { CPU: 1, [mark]: 1, memory: 1e10 } },
      }));
      return Response.json({ data: { summary } });
    }
    const name = /^\/api\/packages\/gcs\/([\w.]+\.zip)$/.exec(pathname)?.[1];
    if (name !== undefined && request.method === "PUT") {
      packages.set(name, new Uint8Array(await request.arrayBuffer()));
      return new Response();
    }
    if (name !== undefined) {
      return packages.has(name)
        ? new Response()
        : new Response(`Package gcs://${name} does not exist`, { status: 404 });
    }
    if (pathname === "/api/jobs/" && request.method === "POST") {
      const body = await request.json();
      const id = body.submission_id;
      if (jobs.has(id)) {
        const text =
          `ValueError: Job with submission_id ${id} already exists. Please use a different one.\n`;
        return new Response(`Traceback (most recent call last):\n${text}`, { status: 500 });
      }
      jobs.set(id, {
        request: body,
        doc: {
          ...{ type: "SUBMISSION", job_id: null, submission_id: id, status: "PENDING" },
          ...{ error_type: null, start_time: Date.now(), end_time: null, driver_node_id: null },
          ...{ driver_exit_code: null, message: "Job has not started yet." },
          metadata: body.metadata,
        },
        async loseNode() {
          lost.add(id);
          Object.assign(this.doc, {
            ...{ status: "FAILED", end_time: Date.now(), error_type: "JOB_SUPERVISOR_ACTOR_DIED" },
            message:
              "Job supervisor actor died: The actor died unexpectedly before finishing this task.\n",
          });
          kill(id, "SIGKILL");
          await running.get(id)?.status;
        },
      });
      return Response.json({ job_id: id, submission_id: id });
    }
    if (pathname === "/api/jobs/") {
      await place();
      return Response.json([...jobs.values()].map(({ doc }) => doc));
    }
    const [, id = "", what] = /^\/api\/jobs\/([\w.-]+)\/(logs|stop)$/.exec(pathname) ?? [];
    const job = jobs.get(id);
    if (!job) return new Response(`Job ${id} does not exist`, { status: 404 });
    if (what === "stop") {
      const child = running.get(id);
      if (!DONE.includes(job.doc.status)) {
        // It is stopped when its processes have ended.
        if (child) stopped.add(id);
        else Object.assign(job.doc, { status: "STOPPED", end_time: Date.now() });
        kill(id, "SIGTERM");
        const { env_vars } = job.request["runtime_env"] as { env_vars?: Record<string, string> };
        const wait = Number(env_vars?.["RAY_JOB_STOP_WAIT_TIME_S"] ?? 3);
        timers.push(setTimeout(() => kill(id, "SIGKILL"), 1000 * wait));
      }
      return Response.json({ stopped: true });
    }
    if (lost.has(id)) return new Response("Cannot connect to host", { status: 500 });
    return Response.json({ logs: await Deno.readTextFile(`${dir}/${id}.log`).catch(() => "") });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const api: JobsApi = {
    url: `http://127.0.0.1:${server.addr.port}`,
    jobs,
    packages,
    broken: undefined,
    env: {},
    envAt: {},
    pythonPath: [],
    async forget() {
      for (const id of running.keys()) kill(id, "SIGKILL");
      jobs.clear();
      await Promise.all(ended);
    },
  };
  try {
    return await use(api);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const id of running.keys()) kill(id, "SIGKILL");
    await Promise.all(ended);
    await server.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
}

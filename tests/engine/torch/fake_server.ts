/**
 * A server on the loopback interface that speaks as vLLM does and can fail in many ways: for what a
 * real one does only when it is in trouble.
 */

/** How the server behaves. */
export interface Behaviour {
  /** No profiler is configured: 404. */
  unconfigured?: boolean;
  /** Status of every answer to the profiler's routes, a GET included. */
  look?: number;
  startStatus?: number;
  /** The start takes effect and is never answered. */
  startHangs?: boolean;
  /** The stop is never answered. */
  stopHangs?: boolean;
  /** Names of the traces that a stop writes. */
  traces?: string[];
  /** What a trace holds. */
  content?: Uint8Array<ArrayBuffer>;
  /** Traces are written after so many requests, as when the steps are recorded. */
  fullAfter?: number;
  /** The body that `/start_profile` takes, as `/openapi.json` tells it. */
  fields?: string[];
  /** Requests are never answered. */
  completionsHang?: boolean;
  /** The server goes away with the first request after the start. */
  dies?: boolean;
  /** `/server_info` tells the folder. */
  tellsFolder?: boolean;
  /** Longest request. */
  maxModelLen?: number;
}

/** A server that runs, and what it was asked. */
export interface FakeServer {
  url: string;
  asked: { path: string; body: unknown }[];
  /** Requests that were answered. */
  answered: number;
  close(): Promise<void>;
}

const gz = async (text: string) =>
  new Uint8Array(
    await new Response(
      new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer(),
  );

/** A small Kineto trace of two steps of a worker. */
export function smallTrace(worldSize = 1): Promise<Uint8Array<ArrayBuffer>> {
  const event = (name: string, ts: number, dur: number, cat = "cpu_op") => ({
    ph: "X",
    cat,
    name,
    pid: 7,
    tid: 7,
    ts,
    dur,
  });
  return gz(JSON.stringify({
    schemaVersion: 1,
    ...(worldSize > 1
      ? { distributedInfo: { backend: "nccl", rank: 0, world_size: worldSize } }
      : {}),
    traceEvents: [
      event("execute_context_1(8)_generation_0(0)", 1000, 400, "user_annotation"),
      event("aten::mm", 1100, 200),
      event("execute_context_0(0)_generation_1(1)", 2000, 300, "user_annotation"),
      event("aten::mm", 2100, 100),
    ],
  }));
}

/** Starts a server that writes its traces to `dir`. */
export async function fakeServer(dir: string, behaviour: Behaviour = {}): Promise<FakeServer> {
  const { traces = ["rank0.17.pt.trace.json.gz"] } = behaviour;
  const content = behaviour.content ?? await smallTrace();
  const gone = new AbortController();
  let recording = false;
  let written = false;
  const state: FakeServer = { url: "", asked: [], answered: 0, close: () => Promise.resolve() };
  const write = async () => {
    if (written) return;
    written = true;
    await Deno.mkdir(dir, { recursive: true });
    for (const name of traces) await Deno.writeFile(`${dir}/${name}`, content);
  };
  const json = (value: unknown) => Response.json(value);
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const text = await request.text();
    const body = text === "" ? undefined : JSON.parse(text);
    state.asked.push({ path: `${request.method} ${pathname}`, body });
    if (/_profile$/.test(pathname)) {
      if (behaviour.unconfigured) return new Response("Not Found", { status: 404 });
      if (behaviour.look) return new Response("", { status: behaviour.look });
      if (request.method !== "POST") return new Response("", { status: 405 });
      if (pathname === "/start_profile") {
        if (behaviour.startStatus) return new Response("no", { status: behaviour.startStatus });
        recording = true;
        if (behaviour.startHangs) await new Promise(() => {});
        return new Response();
      }
      await write();
      if (behaviour.stopHangs) await new Promise(() => {});
      return new Response();
    }
    if (pathname === "/openapi.json") {
      if (!behaviour.fields) return json({ paths: { "/start_profile": { post: {} } } });
      const ref = { $ref: "#/components/schemas/StartProfileRequest" };
      return json({
        paths: {
          "/start_profile": {
            post: { requestBody: { content: { "application/json": { schema: ref } } } },
          },
        },
        components: {
          schemas: {
            StartProfileRequest: {
              properties: Object.fromEntries(behaviour.fields.map((name) => [name, {}])),
            },
          },
        },
      });
    }
    if (pathname === "/server_info" && behaviour.tellsFolder) {
      return json({ vllm_config: `profiler='torch', torch_profiler_dir='${dir}', x=1` });
    }
    if (pathname === "/version") return json({ version: "0.32.0" });
    if (pathname === "/v1/models") {
      return json({ data: [{ id: "fake", max_model_len: behaviour.maxModelLen ?? 1024 }] });
    }
    if (pathname === "/metrics") {
      return new Response(`vllm:generation_tokens_total{engine="0"} ${state.answered}\n`);
    }
    if (/completions$/.test(pathname)) {
      if (recording && behaviour.dies) {
        gone.abort();
        await new Promise(() => {});
      }
      if (recording && behaviour.completionsHang) await new Promise(() => {});
      state.answered++;
      if (recording && behaviour.fullAfter && state.answered > behaviour.fullAfter) await write();
      const document = {
        id: `cmpl-${state.answered}`,
        usage: { prompt_tokens: 8, completion_tokens: 4 },
      };
      return body.stream
        ? new Response(`data: ${JSON.stringify(document)}\n\ndata: [DONE]\n\n`)
        : json(document);
    }
    return new Response("", { status: 404 });
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: gone.signal, onListen: () => {} },
    answer,
  );
  state.url = `http://127.0.0.1:${server.addr.port}`;
  state.close = async () => {
    gone.abort();
    await server.finished;
  };
  return state;
}

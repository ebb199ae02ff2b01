/**
 * The options of `torch`.
 *
 * @module
 */

import { boolean, bytes, duration, integer, path, text } from "../../contract/options.ts";
import type { Values } from "../../contract/option.ts";

/** Options of `torch`. */
export const torchOptions = {
  url: text({ doc: "Address of a server that runs, as http://127.0.0.1:8000, to attach to" }),
  model: text({ doc: "Without a command: run a built-in offline example with this model" }),
  python: path({
    env: "VSCOPE_PYTHON",
    leadsTo: "file",
    doc: "The Python that has vLLM, where vscope cannot tell it from the command",
  }),
  delayIterations: integer({
    default: 0,
    min: 0,
    unit: "steps",
    doc: "Engine steps to let pass before recording begins",
  }),
  maxIterations: integer({
    default: 32,
    min: 0,
    unit: "steps",
    doc: "Engine steps to record; 0: no bound in steps",
  }),
  maxSeconds: duration({
    default: 60,
    min: 0.1,
    max: 86_400,
    doc: "How long to record, from the beginning of the load",
  }),
  maxBytes: bytes({
    default: 4 * 2 ** 30,
    min: 2 ** 20,
    doc: "Stop when vLLM's processes have grown by so much since recording began: events wait in " +
      "memory until the stop",
  }),
  withStack: boolean({
    default: false,
    doc: "Record Python stacks: traces grow many times over, and stopping may take minutes",
  }),
  recordShapes: boolean({ default: false, doc: "Record the shapes of the operators' inputs" }),
  withMemory: boolean({ default: false, doc: "Record allocations of memory" }),
  withFlops: boolean({ default: false, doc: "Let the profiler estimate operators' FLOPs" }),
  frontend: boolean({
    default: true,
    doc: "Trace the API server's process too; its trace spans all of the recording, whatever the " +
      "bounds in steps",
  }),
  load: boolean({
    default: true,
    doc: "Send requests; off: the requests are yours, and recording lasts until a bound is " +
      "reached or until Ctrl-C",
  }),
  requests: integer({
    default: 8,
    min: 1,
    max: 100_000,
    unit: "requests",
    doc: "Requests to send",
  }),
  promptTokens: integer({
    default: 256,
    min: 1,
    unit: "tokens",
    doc: "Length of each prompt",
  }),
  outputTokens: integer({
    default: 24,
    min: 1,
    unit: "tokens",
    doc: "Tokens that each request generates",
  }),
  concurrency: integer({
    default: 4,
    min: 1,
    max: 4096,
    unit: "requests",
    doc: "Requests under way at a time",
  }),
  seed: integer({ default: 1, min: 0, doc: "The same seed makes the same prompts" }),
  prompts: path({
    leadsTo: "file",
    doc: "JSONL file of requests to send instead: prompt, prompt_token_ids or messages a line",
  }),
  bench: text({
    doc: "Send the load of vllm bench serve with these arguments; with --profile among them it " +
      "starts and stops the profiler itself",
  }),
  loadTimeout: duration({
    default: 600,
    min: 1,
    doc: "With --no-load: how long to wait for the first request",
  }),
  recordCall: integer({
    default: 1,
    min: 1,
    unit: "calls",
    doc: "Offline: which call of LLM.generate (chat, embed, …) to record, 1 is the first",
  }),
  engineArgs: text({
    doc: "Arguments of LLM() for the built-in example, as a JSON object",
  }),
  traceDir: path({
    env: "VLLM_TORCH_PROFILER_DIR",
    leadsTo: "folder",
    doc: "Folder that vLLM writes traces to; they are copied into the bundle. With --url where " +
      "the server writes, if vscope cannot tell",
  }),
  flushTimeout: duration({
    min: 1,
    doc: "How long vLLM may take to write the traces; 10 minutes if nothing says otherwise",
  }),
  rpcTimeout: integer({
    env: "VLLM_RPC_TIMEOUT",
    min: 1,
    unit: "ms",
    doc: "The same in milliseconds, by the name that vLLM's documentation gave it",
  }),
  startTimeout: duration({ default: 600, min: 10, doc: "How long vLLM may take to start" }),
  grace: duration({
    env: "VSCOPE_GRACE",
    default: 20,
    min: 0,
    max: 600,
    doc:
      "How long vLLM may take to write traces after Ctrl-C, and then to end, before it is killed",
  }),
  apiKey: text({
    env: "VLLM_API_KEY",
    secret: true,
    doc: "Key of a server that asks its clients for one",
  }),
};

/** Values of {@linkcode torchOptions}. */
export type TorchValues = Values<typeof torchOptions>;

/** How long writing the traces may take, in seconds. */
export function flushSeconds(values: TorchValues): number {
  return values.flushTimeout ??
    (values.rpcTimeout === undefined ? 600 : Math.max(1, values.rpcTimeout / 1000));
}

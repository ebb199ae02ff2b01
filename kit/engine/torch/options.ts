/**
 * The options of `torch`.
 *
 * @module
 */

import { boolean, bytes, duration, integer, path, text } from "../../contract/options.ts";
import type { Values } from "../../contract/option.ts";
import { loadOptions } from "../load/options.ts";
import { vllmOptions } from "../server/vllm_options.ts";

const { python, startTimeout, apiKey } = vllmOptions;

/** Options of `torch`. */
export const torchOptions = {
  url: text({ doc: "Address of a server that runs, as http://127.0.0.1:8000, to attach to" }),
  model: text({ doc: "Without a command: run a built-in offline example with this model" }),
  python,
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
  ...loadOptions,
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
  startTimeout,
  grace: duration({
    env: "VSCOPE_GRACE",
    default: 20,
    min: 0,
    max: 600,
    doc:
      "How long vLLM may take to write traces after Ctrl-C, and then to end, before it is killed",
  }),
  apiKey,
};

/** Values of {@linkcode torchOptions}. */
export type TorchValues = Values<typeof torchOptions>;

/** How long writing the traces may take, in seconds. */
export function flushSeconds(values: TorchValues): number {
  return values.flushTimeout ??
    (values.rpcTimeout === undefined ? 600 : Math.max(1, values.rpcTimeout / 1000));
}

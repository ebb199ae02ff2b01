/**
 * The options of the load that a recording is made around.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import { boolean, duration, integer, path, text } from "../../contract/options.ts";
import type { vllmOptions } from "../server/vllm_options.ts";

/** Options of a load. */
export const loadOptions = {
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
};

/** The options that a load of ours is made by. */
export type LoadValues =
  & Omit<Values<typeof loadOptions>, "load" | "bench">
  & Pick<Values<typeof vllmOptions>, "apiKey">
  & {
    /** How long an answer may take, where a profiler makes it slow. */
    requestSeconds?: number | undefined;
  };

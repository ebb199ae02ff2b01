/**
 * What recipes ask about the vLLM that they start or attach to.
 *
 * @module
 */

import { duration, path, text } from "../../contract/options.ts";

/** Options of a vLLM. */
export const vllmOptions = {
  python: path({
    env: "VSCOPE_PYTHON",
    leadsTo: "file",
    doc: "The Python that has vLLM, where vscope cannot tell it from the command",
  }),
  startTimeout: duration({ default: 600, min: 10, doc: "How long vLLM may take to start" }),
  apiKey: text({
    env: "VLLM_API_KEY",
    secret: true,
    doc: "Key of a server that asks its clients for one",
  }),
};

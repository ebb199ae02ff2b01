/**
 * What a server says of itself before anything is asked of its model.
 *
 * @module
 */

import { messageOf, RunError } from "../../contract/errors.ts";

/** How a server is reached; `signal` ends the question early. */
export interface Asking {
  apiKey?: string | undefined;
  signal?: AbortSignal;
}

/** A model that the server serves, and the longest request that it takes, where it tells. */
export interface ServedModel {
  id: string;
  /** Where its files are, as a path or a name of the hub. */
  root: string;
  maxModelLen?: number;
}

/**
 * The first model of a server. Needs net permission.
 *
 * @throws {RunError} when the server lists none.
 */
export async function servedModel(baseUrl: string, asking: Asking = {}): Promise<ServedModel> {
  let status: number | string;
  try {
    const response = await ask(`${baseUrl}/v1/models`, asking);
    status = response.status;
    const body = await response.json();
    const { id, root, max_model_len: maxModelLen } = body.data?.[0] ?? {};
    if (typeof id === "string") {
      return {
        id,
        root: typeof root === "string" ? root : id,
        ...(typeof maxModelLen === "number" ? { maxModelLen } : {}),
      };
    }
  } catch (error) {
    status = messageOf(error);
  }
  throw new RunError(
    `Cannot send requests: ${baseUrl}/v1/models lists no model (${status})` +
      (status === 401 ? "; give the server's key in VLLM_API_KEY" : ""),
  );
}

/** The version of vLLM, where the server tells it. Needs net permission. */
export async function servedVersion(
  baseUrl: string,
  asking: Asking = {},
): Promise<string | undefined> {
  try {
    const response = await ask(`${baseUrl}/version`, asking);
    const { version } = await response.json();
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}

async function ask(url: string, { apiKey, signal }: Asking): Promise<Response> {
  const timeout = AbortSignal.timeout(30_000);
  return await fetch(url, {
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    ...(apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } }),
  });
}

/**
 * The load of a server that vscope starts, as its options ask for it.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { PlannedRequest } from "../server/requests.ts";
import { servedModel } from "../server/served.ts";
import { benchArgv, commandLoad } from "./command_load.ts";
import { foreignLoad, type Load, ownLoad } from "./load.ts";
import type { LoadValues } from "./options.ts";

/** What a load is made of. */
export interface LoadWish {
  /** The recipe, for messages. */
  subject: string;
  /** The bundle's folder. */
  dir: string;
  /** The server's own command: a benchmark is of the same vLLM. */
  command: readonly string[];
  baseUrl: string;
  values: LoadValues & { bench: string | undefined; load: boolean };
  /** The requests of the user's file. */
  prompts: readonly PlannedRequest[] | undefined;
}

/** Makes the load: a benchmark, the user's own requests, or ours. Needs net permission. */
export async function serverLoad(context: RunContext, wish: LoadWish): Promise<Load> {
  const { subject, dir, command, baseUrl, values, prompts } = wish;
  if (values.bench !== undefined) {
    const served = await servedModel(baseUrl, { apiKey: values.apiKey, signal: context.signal });
    return commandLoad(
      context,
      dir,
      benchArgv(command, baseUrl, values.bench, served, subject),
    );
  }
  if (!values.load) return foreignLoad(context, baseUrl, values);
  return ownLoad(context, dir, baseUrl, values, prompts);
}

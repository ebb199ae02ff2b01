/**
 * What the calls of a GPU's library do, told by their names.
 *
 * @module
 */

/** Names of calls that put work on a stream. */
const LAUNCHES = /^(cuda|cu|hip)\w*(Launch|Memcpy|Memset)|^urEnqueue|^zeCommandListAppend/;
const GRAPH_LAUNCHES = /^(cuda|cu|hip)GraphLaunch/;

/** What a call does. */
export enum Call {
  Other = 0,
  Launch = 1,
  GraphLaunch = 2,
}

/** What calls of a name do. */
export function callKind(name: string): Call {
  if (GRAPH_LAUNCHES.test(name)) return Call.GraphLaunch;
  return LAUNCHES.test(name) ? Call.Launch : Call.Other;
}

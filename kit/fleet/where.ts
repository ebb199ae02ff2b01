/**
 * Where a batch is measured: the cluster's address, and on which of its accelerators.
 *
 * @module
 */

import { UsageError } from "../contract/errors.ts";

/** What `--hardware` says for a cluster. */
export interface Placement {
  /** The name of the folder below perf. */
  readonly hardware: string;
  /** The resource that a node must have, as `accelerator_type:H100`. */
  readonly resource?: string;
}

/** What a job takes of such a resource: next to nothing, because it says only which node it may be. */
export const MARK_AMOUNT = 0.001;

/**
 * The kinds of hardware of a batch, in their order; none where none is named.
 *
 * @throws {UsageError} where one is no place, or several cannot be told apart.
 */
export function placementsOf(
  hardware: readonly string[] | undefined,
  on: string | undefined,
): Placement[] {
  const found = (hardware ?? []).map((text) => placementOf(text, on));
  if (found.length < 2) return found;
  if (on === undefined) {
    throw new UsageError(
      `Cannot run sweep-all: --hardware names ${found.length} kinds (${
        found.map(({ hardware }) => hardware).join(", ")
      }), and this machine is of one; give one, or --on http://HOST:8265 and NAME=ray:RESOURCE for each`,
    );
  }
  const seen = new Set<string>();
  for (const { hardware, resource } of found) {
    if (resource === undefined) {
      throw new UsageError(
        `Cannot run sweep-all: --hardware "${hardware}" does not say which nodes it is on, beside others; give ` +
          "NAME=ray:RESOURCE for each, as H100=ray:accelerator_type:H100",
      );
    }
    const twice = [`"${hardware}"`, `ray:${resource}`].find((word) => seen.has(word));
    if (twice !== undefined) {
      throw new UsageError(
        `Cannot run sweep-all: --hardware has ${twice} twice; give each kind once, with a name and a resource of ` +
          "its own",
      );
    }
    seen.add(`"${hardware}"`).add(`ray:${resource}`);
  }
  return found;
}

/** Takes `H100=ray:accelerator_type:H100` apart; a name alone stays one. */
function placementOf(hardware: string, on: string | undefined): Placement {
  const equals = hardware.indexOf("=");
  if (equals < 0) return { hardware };
  const [name, place] = [hardware.slice(0, equals), hardware.slice(equals + 1)];
  const resource = /^ray:(\S+)$/.exec(place)?.[1];
  if (resource === undefined) {
    throw new UsageError(
      `Cannot run sweep-all: "${place}" in --hardware "${hardware}" is no place; give ` +
        "NAME=ray:RESOURCE, as H100=ray:accelerator_type:H100",
    );
  }
  if (on === undefined) {
    throw new UsageError(
      `Cannot run sweep-all: --hardware "${hardware}" names a resource of Ray, and no cluster is given; ` +
        "give --on http://HOST:8265, or the name alone",
    );
  }
  return { hardware: name, resource };
}

/**
 * The address of a cluster's Jobs API, without a slash at its end.
 *
 * @param recipe For the message.
 * @throws {UsageError} where it is none.
 */
export function clusterAddress(on: string, recipe = "sweep-all"): string {
  const url = URL.canParse(on) ? new URL(on) : undefined;
  if (url?.protocol === "ray:") {
    throw new UsageError(
      `Cannot run ${recipe}: --on "${on}" is the address of a Ray client; give that of the dashboard, ` +
        `as http://${url.hostname || "HOST"}:8265`,
    );
  }
  const fits = url && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (!fits || url.username !== "" || url.password !== "") {
    throw new UsageError(
      `Cannot run ${recipe}: --on "${on}" is no address of a Ray dashboard; give one as http://HOST:8265`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

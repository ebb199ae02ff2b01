/**
 * The first thing that is asked of a cluster.
 *
 * @module
 */

import { messageOf, UsageError } from "../../contract/errors.ts";
import { ClusterSilent, type RayClient } from "./ray_client.ts";

/**
 * The version of its Ray.
 *
 * @param on The address, as it was given.
 * @throws {UsageError} where no Ray answers: nothing was started.
 */
export async function firstWord(client: RayClient, on: string, recipe: string): Promise<string> {
  try {
    return await client.version();
  } catch (error) {
    if (!(error instanceof ClusterSilent)) throw error;
    throw new UsageError(
      `Cannot run ${recipe} on "${on}": ${
        messageOf(error)
      }; give the address of Ray's dashboard with --on, ` +
        'and see that Ray was installed as "ray[default]"',
    );
  }
}

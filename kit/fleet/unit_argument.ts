/**
 * How a job on the cluster calls vscope.
 *
 * @module
 */

/** The hidden word behind `vscope` with which a job begins. */
export const UNIT_ARGUMENT = "__unit";

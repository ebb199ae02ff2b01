/** Looking after processes from outside. */

/** Whether a process runs; a zombie does not. */
export async function runs(pid: number): Promise<boolean> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

/** Those of some processes that run. */
export async function running(pids: number[]): Promise<number[]> {
  const found: number[] = [];
  for (const pid of pids) if (await runs(pid)) found.push(pid);
  return found;
}

/**
 * Waits until `check` holds; fails after `ms`: long enough that only what never comes fails, however busy
 * the machine is.
 */
export async function until(
  what: string,
  ms: number,
  check: () => Promise<boolean> | boolean,
): Promise<void> {
  const end = Date.now() + ms;
  while (!await check()) {
    if (Date.now() > end) throw new Error(`Not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

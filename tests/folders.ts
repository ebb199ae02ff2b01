/** Folders and bundles for tests. */

/** Runs `use` with a new folder that is removed afterwards. */
export async function inFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "vscope-test-" });
  try {
    return await use(dir);
  } finally {
    await removeFolder(dir);
  }
}

/** A guard outlives its vscope for a moment, in which its Deno may still write to a cache in the folder. */
async function removeFolder(dir: string): Promise<void> {
  for (let left = 1200;; left--) {
    try {
      return await Deno.remove(dir, { recursive: true });
    } catch (error) {
      if (left === 0 || !/not empty/i.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Names in a folder, sorted; empty where there is none. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir))).map((entry) => entry.name).sort();
  } catch {
    return [];
  }
}

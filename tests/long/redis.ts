/** A real Redis on loopback, which keeps nothing beyond its life. */

import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { lockedPython } from "../e2e/locked_python.ts";
import { until } from "../engine/processes.ts";
import { inFolder } from "../folders.ts";

/** Runs `use` with its address, as `127.0.0.1:6379`. */
export async function withRedis<T>(use: (address: string) => Promise<T>): Promise<T> {
  const list = fileURLToPath(new URL("redis_requirements.txt", import.meta.url));
  const home = await lockedPython("redis", list);
  return await inFolder(async (cwd) => {
    const port = findFreePort();
    const child = new Deno.Command(`${home}/bin/redis-server`, {
      args: [...["--bind", "127.0.0.1", "--port", String(port)], ...["--save", "", "--dir", cwd]],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await until("Redis answers", 60_000, () => answers(port));
      return await use(`127.0.0.1:${port}`);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}

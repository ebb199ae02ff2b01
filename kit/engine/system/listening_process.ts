/**
 * The process behind a port of this machine.
 *
 * @module
 */

/** A process that listens. */
export interface ListeningProcess {
  pid: number;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
}

const LISTEN = "0A";

/**
 * Who listens on a port; undefined where that is another machine's or another user's process.
 * Needs permission to read /proc.
 */
export function processListeningOn(port: number): ListeningProcess | undefined {
  const sockets = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => inodes(path, port)),
  );
  if (sockets.size === 0) return undefined;
  for (const entry of entriesOf("/proc")) {
    if (/^\d+$/.test(entry) && holds(entry, sockets)) {
      return {
        pid: Number(entry),
        argv: nullSeparated(`/proc/${entry}/cmdline`),
        env: Object.fromEntries(
          nullSeparated(`/proc/${entry}/environ`).map((line) => {
            const at = line.indexOf("=");
            return [line.slice(0, at), line.slice(at + 1)];
          }),
        ),
      };
    }
  }
  return undefined;
}

function inodes(path: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return readText(path).split("\n").slice(1).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[3] === LISTEN && fields[1]?.endsWith(`:${wanted}`) ? [fields[9] ?? ""] : [];
  });
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  return entriesOf(`/proc/${pid}/fd`).some((fd) => {
    try {
      const target = Deno.readLinkSync(`/proc/${pid}/fd/${fd}`);
      return sockets.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "-");
    } catch {
      return false;
    }
  });
}

function entriesOf(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name);
  } catch {
    return [];
  }
}

function nullSeparated(path: string): string[] {
  return readText(path).split("\0").filter((part) => part !== "");
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

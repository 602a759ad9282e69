/**
 * This file finds out whether a port is free and, on Linux, who has it.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";

/** Whether nothing listens on `port` of `host`; throws for any other reason that listening fails. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A sentence such as `port 7001 is taken by process 4711 (node server.js)`; without the process when it cannot be known. */
export function describeTakenPort(port: number): string {
  const owner = ownerOf(port);
  return owner === undefined ? `port ${port} is taken` : `port ${port} is taken by process ${owner.pid} (${owner.command})`;
}

function ownerOf(port: number): { readonly pid: string; readonly command: string } | undefined {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? "")?.[1];
      if (inode !== undefined && inodes.has(inode)) return { pid, command: commandOf(pid) };
    }
  }
  return undefined;
}

/** Inodes of the sockets in state LISTEN (0A) on `port`, from the kernel's tables. */
function listeningInodes(port: number): ReadonlySet<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of (attempt(() => readFileSync(table, "utf8")) ?? "").split("\n").slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(`:${wanted}`) && columns[3] === "0A" && columns[9] !== undefined) inodes.add(columns[9]);
    }
  }
  return inodes;
}

function commandOf(pid: string): string {
  const text = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "";
  return text.split("\0").join(" ").trim().slice(0, 120) || "unknown";
}

function list(folder: string): readonly string[] {
  return attempt(() => readdirSync(folder)) ?? [];
}

/** Undefined on any error: processes may end meanwhile, and those of other users cannot be read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

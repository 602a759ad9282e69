/**
 * This file makes one process the owner of a data directory; LMDB would let two write. The lock is a listening Unix
 * socket under the name LOCK: a process that can connect to it knows that the owner is alive, and the kernel closes it for a process
 * that was killed. A process id would not do: in containers every owner has the same one.
 */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, linkSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { hasCode, StorageError } from "./errors.ts";

const lockName = "LOCK";
/** Bytes that the kernel allows in a socket's address, without the closing zero, on every supported system. */
const socketPathBytesMax = 103;
/** Milliseconds to wait for a living owner to send its process id. */
const greetingTimeoutMs = 250;
const attemptsMax = 5;

/** A directory that this process owns until `release`. */
export type Ownership = { release(): Promise<void> };

/** Takes `directory`; throws StorageError `inUse` when a living process has it. */
export async function takeOwnership(directory: string): Promise<Ownership> {
  const short = shortPath(directory);
  const ours = `${lockName}.${randomBytes(6).toString("hex")}`;
  let server: Server | undefined;
  try {
    server = await listen(join(short.path, ours));
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (link(join(directory, ours), join(directory, lockName))) return owned(directory, ours, server, short.close);
      await removeIfStale(directory, short.path);
    }
    throw new StorageError("inUse", `${directory} is being taken by other processes at the same time. Start one node on it.`);
  } catch (error) {
    server?.close();
    rmSync(join(directory, ours), { force: true });
    short.close();
    throw error;
  }
}

function owned(directory: string, ours: string, server: Server, closeShort: () => void): Ownership {
  // Names without a listener were left by owners that were killed.
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${lockName}.`) && name !== ours) rmSync(join(directory, name), { force: true });
  }
  return {
    release: () =>
      new Promise<void>((resolve) => {
        rmSync(join(directory, lockName), { force: true });
        server.close(() => {
          rmSync(join(directory, ours), { force: true });
          closeShort();
          resolve();
        });
      }),
  };
}

/** A path to the directory that fits into a socket address; long ones go through the process's own descriptor of it. */
function shortPath(directory: string): { readonly path: string; readonly close: () => void } {
  const nameBytes = lockName.length + 1 + 12 + 1;
  if (Buffer.byteLength(directory) + nameBytes <= socketPathBytesMax) return { path: directory, close: () => undefined };
  if (!existsSync("/proc/self/fd")) {
    throw new StorageError(
      "pathTooLong",
      `${directory} is longer than ${socketPathBytesMax - nameBytes} bytes. Use a shorter path.`,
    );
  }
  const fd = openSync(directory, "r");
  return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`${process.pid}\n`);
    });
    server.once("error", reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Gives a file a second name; false when the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function removeIfStale(directory: string, short: string): Promise<void> {
  await refuseIfAlive(directory, join(short, lockName));
  // Another process may have replaced the dead lock meanwhile: what is moved aside is checked again before it is removed.
  const aside = `${lockName}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(join(directory, lockName), join(directory, aside));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    await refuseIfAlive(directory, join(short, aside));
  } catch (error) {
    link(join(directory, aside), join(directory, lockName));
    throw error;
  } finally {
    rmSync(join(directory, aside), { force: true });
  }
}

/** Throws `inUse` if a process listens at `path`. */
function refuseIfAlive(directory: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let owner = "";
    const inUse = () => {
      socket.destroy();
      const who = /^\d+\n/.test(owner) ? `process ${owner.trim()}` : "another process";
      reject(new StorageError("inUse", `${directory} is in use by ${who}. Stop it, or give this node a directory of its own.`));
    };
    socket.setTimeout(greetingTimeoutMs, inUse);
    socket.on("data", (bytes) => {
      owner += bytes.toString("latin1");
    });
    socket.on("end", inUse);
    socket.on("error", (error) => {
      const dead = hasCode(error, "ECONNREFUSED") || hasCode(error, "ENOENT") || hasCode(error, "ENOTSOCK");
      if (dead) resolve();
      else inUse();
    });
  });
}

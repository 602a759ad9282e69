/**
 * This file tests how a node is put together: when a start fails half way, what was opened is given back, and the next start finds it free.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { type RunningNode, startNode } from "../../src/composition/start-node.ts";
import { type Config, loadConfig } from "../../src/config/config.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const fail = (error: unknown) => {
  throw error;
};
const host = { logger: silent, onFatal: fail, onRetired: fail };

function configOf(flags: Readonly<Record<string, unknown>>): Config {
  const config = loadConfig({ flags, env: {}, configFile: undefined, readText: () => "" });
  if (!config.ok) throw new Error(config.error.message);
  return config.value;
}

test("a start that is aborted ends, wherever it is, and gives ports and folder back", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "keyhold-start-"));
  const free = await listening();
  await new Promise((closed) => free.server.close(closed));
  const config = configOf({ dataDir, peerPort: free.port, apiPort: 0, tickMs: 5, mapBytesMax: 512 * 1024 * 1024 });
  try {
    for (let looks = 0; ; looks++) {
      assert(looks < 20, "a start does not look at its signal that often");
      const { signal, looked } = abortedAfter(looks);
      const started = await startNode(config, { ...host, signal }).catch((error: unknown) => error);
      if (looked() <= looks) {
        // It was never aborted: each look at the signal has been tried. They are one per step, and one in the wait for other nodes.
        assert(!(started instanceof Error), String(started));
        await (started as RunningNode).stop();
        expect(looks).toBeGreaterThanOrEqual(4);
        return;
      }
      expect(started).toBe("stop");
    }
  } finally {
    await rm(dataDir, { recursive: true });
  }
}, 60_000);

/** A server on a port of its own. */
async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((ready) => void server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}

/** A signal that is aborted when it is looked at once more than `looks` times. */
function abortedAfter(looks: number): { readonly signal: AbortSignal; readonly looked: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const look = () => {
    count++;
    if (count > looks) controller.abort("stop");
  };
  const isAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")?.get;
  Object.defineProperty(signal, "aborted", {
    get: () => {
      look();
      return isAborted?.call(signal);
    },
  });
  return { signal, looked: () => count };
}

test("a node that cannot have its peer port gives its folder back, and starts when the port is free", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "keyhold-start-"));
  const { server: taken, port: peerPort } = await listening();
  const config = configOf({ dataDir, peerPort, apiPort: 0, tickMs: 5, mapBytesMax: 512 * 1024 * 1024 });
  try {
    await expect(startNode(config, host)).rejects.toThrow(String(peerPort));
    await new Promise((closed) => taken.close(closed));
    const node = await startNode(config, host);
    try {
      await expect.poll(async () => (await fetch(`${node.apiUrl}/readyz`)).status, { timeout: 20_000, interval: 50 }).toBe(200);
    } finally {
      await node.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true });
  }
}, 60_000);

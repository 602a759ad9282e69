/**
 * This file tests how a node is put together: when a start fails half way, what was opened is given back, and the next start finds it free.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startNode } from "../../src/composition/start-node.ts";
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

test("a node that cannot have its peer port gives its folder back, and starts when the port is free", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "keyhold-start-"));
  const taken = createServer();
  await new Promise<void>((listening) => void taken.listen(0, "127.0.0.1", listening));
  const address = taken.address();
  const peerPort = typeof address === "object" && address !== null ? address.port : 0;
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

/**
 * This file tests that a node ends when it finds a bad record, also where the damage cannot be written down for the next start.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { toRevision } from "../../src/machine/types.ts";
import { toNodeId } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";

const directory = mkdtempSync(join(tmpdir(), "keyhold-unmarked-"));
const word = "a-value-of-this-test";
const id = toNodeId("n1");
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(fatal: string[]): Promise<LmdbStorage> {
  return LmdbStorage.open({
    directory,
    clusterId: "c",
    nodeId: id,
    initialMembership: { voters: [id], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] },
    mapSizeBytes: 512 * 1024 * 1024,
    pinnedFileBytesMax: 1024 * 1024 * 1024,
    logCacheBytesMax: 0,
    onFatal: (error) => fatal.push(error.message),
    onEvent: () => undefined,
  });
}

test("a bad record ends the node, marked or not", async () => {
  const fatal: string[] = [];
  const before = await open(fatal);
  const revision = toRevision(1);
  const record = {
    ...{ value: new Uint8Array(Buffer.alloc(300, word)), contentType: "text/plain", version: 1, createRevision: revision },
    ...{ modRevision: revision, leaseId: null, author: null, comment: null, wallTimeMs: 0 },
  };
  await new Promise<void>((done) => {
    const batch = { hardState: undefined, entries: [], compactTo: undefined };
    before.write({ ...batch, tableWrites: [{ table: "config", key: "k", record }] }, done);
  });
  await before.close();
  const state = readdirSync(directory).find((name) => name.startsWith("state-")) ?? "";
  const file = join(directory, state, "data.mdb");
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + 1)) bytes[at + 3] = 0x21;
  writeFileSync(file, bytes);

  const storage = await open(fatal);
  // As a full or read-only disk: the marker cannot be written.
  mkdirSync(join(directory, "DAMAGED.new"));
  expect(() => storage.tables.get("config", "k")).toThrow();
  expect(fatal).toHaveLength(1);
  expect(fatal[0]).toMatch(/is damaged: .*could not be recorded for the next start/);
  await storage.close();
});

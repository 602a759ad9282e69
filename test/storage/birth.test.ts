/**
 * This file tests the record that says which data directory this is.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Membership, toNodeId } from "../../src/raft/types.ts";
import { type Birth, readBirth, writeBirth } from "../../src/storage/birth.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const genesis: Membership = {
  voters: [toNodeId("n1")],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  addresses: { n1: { peerUrl: "http://n1:7101", apiUrl: "http://n1:7001" } },
  removed: [],
};
const birth: Birth = { clusterId: "c", nodeId: "n1", instanceId: "i", genesis };

async function bornIn(directory: string): Promise<void> {
  const storage = await LmdbStorage.open(optionsFor(directory));
  writeBirth(directory, birth);
  await storage.close();
}

test("what was written is read, also after the storage was opened again", async () => {
  const directory = temporaryFolder();
  expect(readBirth(join(directory, "not-there"))).toBeUndefined();
  await bornIn(directory);
  expect(readBirth(directory)).toEqual(birth);
  await (await LmdbStorage.open(optionsFor(directory))).close();
  expect(readBirth(directory)).toEqual(birth);
});

test("a directory whose state is gone begins anew: it must not go on under its instance", async () => {
  const directory = temporaryFolder();
  await bornIn(directory);
  rmSync(join(directory, "state-00000001"), { recursive: true });
  expect(readBirth(directory)).toBeUndefined();
});

test("a state that never took part has no instance", async () => {
  const directory = temporaryFolder();
  await (await LmdbStorage.open(optionsFor(directory))).close();
  expect(readBirth(directory)).toBeUndefined();
});

test("a damaged record is refused and says what to do", async () => {
  const directory = temporaryFolder();
  await bornIn(directory);
  const file = join(directory, "BIRTH");
  writeFileSync(file, readFileSync(file, "utf8").slice(0, 40));
  expect(() => readBirth(directory)).toThrow("BIRTH is damaged. Restore it from a backup");
  writeFileSync(file, "{}");
  expect(() => readBirth(directory)).toThrow("is damaged");
});

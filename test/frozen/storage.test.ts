/**
 * This file holds the bytes of what is on disk: entries of the log, the records of a node, the rows of the machine, the chunks of
 * a snapshot, and the files beside LMDB.
 */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Tables } from "../../src/machine/state/tables.ts";
import { toFence, toRevision, toTicket } from "../../src/machine/types.ts";
import { type Entry, type Payload, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { type IdentityRecord, readIdentity, writeIdentity } from "../../src/storage/identity-file.ts";
import { readPeerStarts, writePeerStarts } from "../../src/storage/peer-starts-file.ts";
import {
  entryRecord,
  formatVersion,
  parseEntry,
  parseHardState,
  parseIdentity,
  parseSnapshotMeta,
  type SnapshotChunk,
  sealOne,
  snapshotChunk,
  unseal,
} from "../../src/storage/records.ts";
import { readWitness, Witness } from "../../src/storage/witness.ts";
import { temporaryFolder } from "../storage/temporary-folder.ts";
import { bytesOf, expectFrozen } from "./frozen.ts";
import { frozenStorage } from "./storage-bytes.ts";

const raiseFormat = "raise formatVersion (storage/records.ts)";
const raiseSealed = "raise sealedFormat (storage/sealed-file.ts)";

const [n1, n2, n3] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3")];
const address = { peerUrl: "http://h:1", apiUrl: "http://h:2" };
const membership = {
  voters: [n1, n2],
  votersOutgoing: [n1],
  learners: [n3],
  learnersNext: [n2],
  addresses: { n1: address, n2: address, n3: address },
  removed: [toNodeId("n0")],
};
const hardState = { currentTerm: toTerm(300), votedFor: n2, lostLog: { lastIndex: toLogIndex(9), term: toTerm(4) } };
const base = {
  lastIncludedIndex: toLogIndex(70_000),
  lastIncludedTerm: toTerm(3),
  clusterTimeMs: toClusterTimeMs(2 ** 40),
  membership,
};
const at = { term: toTerm(3), clusterTimeMs: toClusterTimeMs(1000), wallTimeMs: 1_767_225_600_000 };

const payloads: { readonly [Kind in Payload["kind"]]: Extract<Payload, { readonly kind: Kind }> } = {
  noop: { kind: "noop" },
  clock: { kind: "clock" },
  command: { kind: "command", id: { runId: "run", sequence: 300 }, command: new Uint8Array([1, 2, 3]) },
  membership: { kind: "membership", membership },
  clusterVersion: { kind: "clusterVersion", version: 2 },
};

describe("an entry of the log has its frozen bytes", () => {
  for (const payload of Object.values(payloads)) {
    test(payload.kind, () => {
      const entry: Entry = { index: toLogIndex(7), ...at, payload };
      const frozen = frozenStorage[`entry ${payload.kind}`];
      expectFrozen(sealOne(entryRecord(entry), "log", 7), frozen, raiseFormat);
      // Bytes may come back as another kind of array of bytes.
      expect(parseEntry(bytesOf(frozen), 7)).toEqual(
        payload.kind === "command" ? { ...entry, payload: expect.anything() } : entry,
      );
    });
  }
});

describe("the records of a node have their frozen bytes", () => {
  const identity = { formatVersion, clusterId: "c", nodeId: "n1" };
  const records = [
    { key: "identity", record: identity, parse: parseIdentity },
    { key: "hardState", record: hardState, parse: parseHardState },
    { key: "base", record: base, parse: parseSnapshotMeta },
  ] as const;
  for (const { key, record, parse } of records) {
    test(key, () => {
      expectFrozen(sealOne(record, "node", key), frozenStorage[key], raiseFormat);
      expect(parse(bytesOf(frozenStorage[key]))).toEqual(record);
    });
  }
});

const config = {
  value: new Uint8Array([0, 255]),
  contentType: "text/plain",
  version: 2,
  createRevision: toRevision(1),
  modRevision: toRevision(5),
  leaseId: null,
  author: "me",
  comment: null,
  wallTimeMs: 1_767_225_600_000,
};
const hold = { fence: toFence(8), leaseId: "l8" as never, ticket: toTicket(6), owner: null, grantedAtWallMs: 5 };
const rows: { readonly [Name in keyof Tables]: Tables[Name] } = {
  meta: {
    appliedIndex: toLogIndex(9),
    appliedTerm: toTerm(3),
    clusterTimeMs: toClusterTimeMs(1000),
    revision: toRevision(5),
    compactRevision: toRevision(1),
    historyBytes: 10,
    usedBytes: 70_000,
    pastBytes: 20,
    quotaBytes: 2 ** 31,
    requestFirst: 1,
    requestNext: 4,
    requestOldestMs: toClusterTimeMs(7),
    requestForgottenIndex: toLogIndex(2),
    leaseCount: 1,
    dueFrom: "0000",
    storeId: "s",
    clusterVersion: 1,
  },
  config,
  history: { deleteRevision: toRevision(6) },
  changes: {
    wallTimeMs: 5,
    changes: [
      { kind: "configPut", key: "k", superseded: null },
      { kind: "configDeleted", key: "k", superseded: toRevision(3), reason: "leaseEnded" },
      { kind: "memberRemoved", id: n3 },
    ],
  },
  leases: {
    ttlMs: 5000,
    deadlineMs: toClusterTimeMs(6000),
    owner: null,
    grantRevision: toRevision(8),
    ownedByLock: "n",
    ending: "revoked",
    holdingCount: 1,
  },
  holdings: { kind: "waiter", ticket: toTicket(6) },
  locks: { holders: [hold], queueLength: 1 },
  waiters: {
    ticket: toTicket(6),
    leaseId: "l6" as never,
    ownsLease: true,
    deadlineMs: toClusterTimeMs(99),
    owner: null,
    requestId: "r",
  },
  deadlines: true,
  requests: {
    fingerprint: "f",
    outcome: { ok: false, error: { kind: "keyNotFound" } },
    clusterTimeMs: toClusterTimeMs(4),
    index: toLogIndex(8),
    order: 3,
  },
  requestOrder: "r",
  members: membership,
  nodes: { instanceId: "folder", version: 1, stateBytesMax: 2 ** 31 },
};

describe("a row of the machine has its frozen bytes", () => {
  for (const [table, row] of Object.entries(rows)) {
    test(table, () => {
      const frozen = frozenStorage[`row ${table}`];
      expectFrozen(sealOne(row, table, "key"), frozen, raiseFormat);
      const read = unseal(bytesOf(frozen), table, "key");
      expect(table === "config" ? { ...config, value: expect.anything() } : row).toEqual(
        table === "config" ? { ...(read as object) } : read,
      );
    });
  }
});

describe("a chunk of a snapshot has its frozen bytes", () => {
  const chunks: readonly SnapshotChunk[] = [
    { kind: "head", formatVersion, clusterId: "c", meta: base },
    { kind: "rows", table: "deadlines", rows: [["key", sealOne(true, "deadlines", "key")]] },
    { kind: "end", rows: 1 },
  ];
  for (const [sequence, chunk] of chunks.entries()) {
    test(chunk.kind, () => {
      const frozen = frozenStorage[`chunk ${chunk.kind}`];
      expectFrozen(sealOne(chunk, "snapshot", sequence), frozen, raiseFormat);
      expect(snapshotChunk(unseal(bytesOf(frozen), "snapshot", sequence)).kind).toBe(chunk.kind);
    });
  }
});

describe("a file beside LMDB has its frozen bytes", () => {
  const line = { runs: [{ runId: "one", start: 7, isMet: true }], forgotten: 6 };
  const identity = { nodeId: n1, instanceId: "folder", line, leasePromiseMs: 500 };
  const first = { n1: "folder", n2: "other" };
  const genesis = { ...membership, votersOutgoing: [], learners: [], learnersNext: [] };
  const records: readonly IdentityRecord[] = [
    { ...identity, standing: { kind: "new" } },
    { ...identity, standing: { kind: "locked", set: first } },
    { ...identity, standing: { kind: "established", clusterId: "c", genesis, first } },
    { ...identity, standing: { kind: "refused", why: "it is a copy" } },
  ];
  for (const record of records) {
    const { kind } = record.standing;
    test(`IDENTITY ${kind}`, () => {
      const directory = temporaryFolder();
      writeIdentity(directory, record);
      const frozen = frozenStorage[`IDENTITY ${kind}`];
      expectFrozen(readFileSync(join(directory, "IDENTITY"), "utf8"), frozen, raiseSealed);
      // Where it takes part there is a state as well, which this folder lacks.
      if (kind === "established") return;
      writeFileSync(join(directory, "IDENTITY"), frozen ?? "");
      expect(readIdentity(directory)).toEqual(record);
    });
  }

  test("PEERS", () => {
    const directory = temporaryFolder();
    const starts = new Map([
      [n2, { instanceId: "other", start: 3, runId: "run", ancestors: ["before"], forgotten: 1, vouched: true }],
    ]);
    writePeerStarts(directory, starts);
    expectFrozen(readFileSync(join(directory, "PEERS"), "utf8"), frozenStorage["PEERS"], raiseSealed);
    writeFileSync(join(directory, "PEERS"), frozenStorage["PEERS"] ?? "");
    expect(readPeerStarts(directory)).toEqual({ starts, damaged: undefined });
  });

  test("WITNESS", () => {
    const directory = temporaryFolder();
    const fd = openSync(join(directory, "data.mdb"), "w");
    for (const [position, transaction] of [4n, 5n].entries()) {
      const page = Buffer.alloc(4096);
      page.writeUInt32LE(0xbeefc0de, 24);
      page.writeBigUInt64LE(transaction, 152);
      writeSync(fd, page, 0, page.byteLength, position * 4096);
    }
    closeSync(fd);
    const witness = new Witness(directory, { clusterId: "c", nodeId: "n1" });
    witness.note({ hardState, lastIndex: 12 });
    witness.close();
    const slot = readFileSync(join(directory, "WITNESS")).subarray(4096);
    const frozen = frozenStorage["WITNESS"];
    expectFrozen(slot.subarray(0, 2 + slot.readUInt16BE(0)), frozen, raiseFormat);
    writeFileSync(join(directory, "WITNESS"), Buffer.concat([bytesOf(frozen), Buffer.alloc(4096)]));
    const found = readWitness(directory);
    expect([found?.newest.transaction, found?.lastIndex, found?.hardState]).toEqual([5, 12, hardState]);
  });
});

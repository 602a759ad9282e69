/**
 * This file starts a node for the API tests: the production driver, raft, machine and storage, in a folder of its own.
 * The one place where the tests' service comes from.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at } from "../../src/base/at.ts";
import { KeyholdNode } from "../../src/node/node.ts";
import { realTime } from "../../src/node/real-time.ts";
import { type Membership, type NodeId, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";

/** A production node on a folder of its own; `stop` also removes the folder. */
export type RealNode = {
  readonly node: KeyholdNode;
  /** What `onRequestFailed` was told. */
  readonly failures: readonly unknown[];
  stop(): Promise<void>;
};

/** What may wait; see the options of a node. */
type PendingLimits = { readonly pendingProposalsMax: number; readonly pendingBytesMax: number; readonly pendingReadsMax: number };

const MIB = 1024 * 1024;

/** A node among `voters`, itself the first; alone it becomes leader within some ticks, unless its log is `lost`. */
export async function startRealNode(
  voters: readonly string[] = ["n1"],
  limits: Partial<PendingLimits> = {},
  lost = false,
): Promise<RealNode> {
  const ids = voters.map(toNodeId);
  const id = at(ids, 0);
  const membership: Membership = {
    voters: ids,
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    addresses: Object.fromEntries(ids.map((id) => [id, { peerUrl: `http://${id}.test:7101`, apiUrl: `http://${id}.test:7001` }])),
    removed: [],
  };
  const directory = await mkdtemp(join(tmpdir(), "keyhold-api-"));
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const failures: unknown[] = [];
  const disk = await LmdbStorage.open({
    directory,
    clusterId: sizes.clusterId,
    nodeId: id,
    initialMembership: membership,
    mapSizeBytes: 256 * MIB,
    pinnedFileBytesMax: 224 * MIB,
    logCacheBytesMax: 16 * MIB,
    onFatal,
    onEvent: () => undefined,
  });
  if (lost) {
    const lostLog = { lastIndex: toLogIndex(9), term: toTerm(1) };
    const hardState = { currentTerm: toTerm(1), votedFor: null, lostLog };
    await new Promise<void>((done) => disk.write({ hardState, entries: [], tableWrites: [], compactTo: undefined }, done));
  }
  const network = { send: () => undefined, setPeers: () => undefined };
  const snapshots = { send: () => undefined, settle: () => undefined, progress: () => ({ sending: [], receiving: null }) };
  const node = new KeyholdNode(
    { ...sizes, driver: { ...driverOptions(id), ...limits } },
    { ...realTime, disk, network, snapshots },
    {
      onRoleChanged: () => undefined,
      onRemoved: () => undefined,
      onForeignInstance: () => undefined,
      onProtocolFault: () => undefined,
      onRequestFailed: (error) => void failures.push(error),
      onFatal,
    },
  );
  node.start();
  return {
    node,
    failures,
    async stop() {
      node.stop();
      await disk.close();
      await rm(directory, { recursive: true });
    },
  };
}

const sizes = {
  clusterId: "c-test",
  instanceId: "instance-1",
  recentBatchesMax: 1_000,
  stateBytesMax: 64 * MIB,
  recentBytesMax: 16 * MIB,
};

function driverOptions(id: NodeId) {
  return {
    raft: {
      id,
      runId: `${id}-1`,
      seed: 1,
      tickMs: 5,
      // An election timeout that no busy disk reaches: a leader that steps down for it is another test.
      electionTicks: 200,
      heartbeatTicks: 1,
      messageBytesMax: MIB,
      inFlightMessagesMax: 64,
      inFlightBytesMax: 8 * MIB,
      uncommittedBytesMax: 32 * MIB,
      applyBytesMax: 4 * MIB,
      applyLagEntriesMax: 10_000,
      promoteLagEntriesMax: 100,
      leasePromiseMs: 0,
      earlierPromiseMs: 0,
    },
    storeId: "store-test",
    pendingProposalsMax: 10_000,
    pendingBytesMax: 32 * MIB,
    forwardBytesMax: MIB,
    renewalsPerCommandMax: 1_000,
    pendingReadsMax: 10_000,
    firstReadId: 1,
    readTicksMax: 20,
    logEntriesMax: 20_000,
    logEntriesKept: 10_000,
    logBytesMax: 64 * MIB,
    logBytesCeiling: 640 * MIB,
  };
}

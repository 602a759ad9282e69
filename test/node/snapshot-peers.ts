/**
 * This file holds what the tests of snapshot transfers put around them: a store of chunks in memory, and two nodes of which
 * one sends and the other receives.
 */
import { realTime } from "../../src/node/real-time.ts";
import {
  type ChunkAnswer,
  type ChunkHeader,
  type SnapshotChannel,
  type SnapshotStore,
  SnapshotTransfer,
  type SnapshotTransferOptions,
  type TransferEvent,
} from "../../src/node/snapshots/snapshot-transfer.ts";
import {
  type NodeId,
  type SnapshotMeta,
  type Term,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../src/raft/types.ts";

/** The ids of the nodes in these tests. */
export const [n1, n2, n3] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3")];
const membership = { voters: [n1, n2, n3], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
/** What every state here is said to be of. */
export const meta: SnapshotMeta = {
  lastIncludedIndex: toLogIndex(40),
  lastIncludedTerm: toTerm(3),
  clusterTimeMs: toClusterTimeMs(0),
  membership,
};

/** A store whose states are lists of chunks of one byte each; a chunk 255 is damaged, and the last is 0. */
export class FakeStore implements SnapshotStore {
  readonly chunks: readonly number[];
  /** What was received, chunk by chunk; undefined when nothing is being received. */
  received: number[] | undefined;
  readonly openSources = new Set<object>();
  discards = 0;
  readonly fail = { read: -1, write: -1 };
  /** Set to hold up writes. */
  gate: Promise<void> = Promise.resolve();

  constructor(chunks: readonly number[] = []) {
    this.chunks = chunks;
  }

  openSnapshot() {
    const source = {
      read: (sequence: number) => {
        if (sequence === this.fail.read) throw new Error("row 7 is damaged on disk");
        const chunk = this.chunks[sequence];
        return chunk === undefined ? null : Uint8Array.of(chunk);
      },
      close: () => void this.openSources.delete(source),
    };
    this.openSources.add(source);
    return source;
  }

  beginSnapshot() {
    if (this.received !== undefined) throw new Error("a snapshot is being received");
    const received: number[] = [];
    this.received = received;
    return {
      get nextSequence() {
        return received.length;
      },
      get complete() {
        return received.at(-1) === 0;
      },
      get meta() {
        return received.length > 0 ? meta : undefined;
      },
      write: async (chunk: Uint8Array) => {
        await this.gate;
        if (chunk[0] === 255) throw new Error(`chunk ${received.length} is damaged`);
        if (received.length === this.fail.write) throw new Error("no space left on device");
        received.push(chunk[0] ?? -1);
      },
    };
  }

  async discardSnapshot() {
    this.discards += 1;
    this.received = undefined;
  }
}

type Sent = { readonly sequence: number; readonly transferId: string };

/** One node's transfer, and what it told. */
export class Peer {
  readonly store: FakeStore;
  readonly received: { readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta }[] = [];
  readonly events: TransferEvent[] = [];
  readonly sent: Sent[] = [];
  term = toTerm(5);
  leaderId: NodeId | null = null;
  transfer: SnapshotTransfer;
  readonly #id: NodeId;
  readonly #options: SnapshotTransferOptions;
  readonly #channel: SnapshotChannel;

  constructor(
    id: NodeId,
    channel: SnapshotChannel["sendChunk"],
    options: Partial<SnapshotTransferOptions> & { chunks?: number[] } = {},
  ) {
    const { chunks = [], ...rest } = options;
    this.#id = id;
    this.store = new FakeStore(chunks);
    let transfers = 0;
    this.#options = {
      chunkBytesMax: 1,
      chunkTimeoutMs: 1000,
      attemptsMax: 3,
      retryDelayMs: 1,
      failureDelayMsMax: 1000,
      transferMsMax: 60_000,
      idleMsMax: 60_000,
      receivedBytesMax: 1000,
      newTransferId: () => `${id}-${++transfers}`,
      ...rest,
    };
    this.#channel = {
      sendChunk: (to, header, chunk, timeoutMs) => {
        this.sent.push({ sequence: header.sequence, transferId: header.transferId });
        return channel(to, header, chunk, timeoutMs);
      },
    };
    this.transfer = this.#open();
  }

  get id(): NodeId {
    return this.#id;
  }

  get sequences(): readonly number[] {
    return this.sent.map(({ sequence }) => sequence);
  }

  /** What a restart leaves: nothing of a transfer. */
  restart(): void {
    this.store.received = undefined;
    this.transfer = this.#open();
  }

  send(to: NodeId = n2): Promise<boolean> {
    return new Promise((resolve) => this.transfer.send({ to, term: this.term, meta }, resolve));
  }

  #open(): SnapshotTransfer {
    return new SnapshotTransfer(
      this.#options,
      { store: this.store, channel: this.#channel, ...realTime },
      {
        currentTerm: () => this.term,
        leaderId: () => this.leaderId,
        onReceived: (received) => this.received.push(received),
        onEvent: (event) => this.events.push(event),
      },
    );
  }
}

/** What happens to one chunk: `deliver` brings it to the receiver. */
export type Step = (deliver: () => Promise<ChunkAnswer>, header: ChunkHeader, chunk: Uint8Array) => Promise<ChunkAnswer>;

/** A sender n1 with `chunks` and a receiver n2; the nth chunk that is sent goes the way of `steps[n]`, or just arrives. */
export function pair(
  chunks: number[],
  steps: Readonly<Record<number, Step>> = {},
  options: Partial<SnapshotTransferOptions> = {},
) {
  const receiver = new Peer(n2, async () => Promise.reject(new Error("not connected")), options);
  let count = 0;
  const sender = new Peer(
    n1,
    async (_to, header, chunk) => {
      const deliver = () => receiver.transfer.receiveChunk(n1, header, chunk);
      const step = steps[count++];
      return step === undefined ? deliver() : step(deliver, header, chunk);
    },
    { chunks, ...options },
  );
  return { sender, receiver };
}

/** A step in which the chunk does not arrive. */
export const chunkLost: Step = () => Promise.reject(new Error("connection refused"));
/** A step in which the chunk arrives, but not its answer. */
export const answerLost: Step = async (deliver) => {
  await deliver();
  throw new Error("connection reset");
};

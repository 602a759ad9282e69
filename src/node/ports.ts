/**
 * This file declares what a node needs from the world: a disk, a network, clocks, turns and timers (DECISIONS 39). Production and the
 * simulator each implement all of it; the node cannot tell which one it runs on. Nothing here returns a promise, so
 * that a run is decided by the order of calls alone.
 */
import type { TableReader, TableWrite } from "../machine/state/tables.ts";
import type { Entry, HardState, LogReader, MemberAddress, Message, NodeId, SnapshotMeta, Term } from "../raft/types.ts";

/** One durable, atomic write; its parts are carried out in this order. */
export type WriteBatch = {
  readonly hardState: HardState | undefined;
  /** Contiguous; they replace everything stored from the first one's index on. */
  readonly entries: readonly Entry[];
  /** What applied entries changed, including the applied index. */
  readonly tableWrites: readonly TableWrite[];
  /** Cuts the log up to and including `lastIncludedIndex`. */
  readonly compactTo: SnapshotMeta | undefined;
};

/** The durable state of one node. Reads see completed writes only. */
export interface Disk {
  readonly log: LogReader;
  /** Bytes of the log when it was opened, by `entryBytes`. */
  readonly logBytes: number;
  readonly hardState: HardState;
  readonly tables: TableReader;
  /**
   * Calls `done` once the batch is on disk (fsync included). One write is under way at a time. A write that fails never
   * calls back: the process ends, and restart recovers from disk.
   */
  write(batch: WriteBatch, done: () => void): void;
  /**
   * One write: makes the snapshot that was received last the whole state, with `entries` as the whole log after it. A
   * crash leaves the old state or the new one. Calls `done` once it is on disk and reads see it.
   */
  installSnapshot(batch: Pick<WriteBatch, "hardState" | "entries">, done: () => void): void;
}

/** Whole states on their way between nodes, apart from the messages. What is received goes to `Driver.snapshotReceived`. */
export interface Snapshots {
  /**
   * Sends the state that is on disk now, which `meta` describes. Calls `done` once, never within the call: with true
   * when the receiver has all of it.
   */
  send(
    order: { readonly to: NodeId; readonly term: Term; readonly meta: SnapshotMeta },
    done: (delivered: boolean) => void,
  ): void;
  /** The snapshot received last has become the state (true), or is not wanted (false). The next one may come. */
  settle(taken: boolean): void;
}

/** Ordered, lossy delivery to other nodes; a message arrives at most once. */
export interface Network {
  /** Never blocks. What cannot be sent is dropped and reported as `peerUnreachable`. */
  send(message: Message): void;
  /** The nodes to keep streams to; called at start and whenever the membership changes. */
  setPeers(peers: ReadonlyMap<NodeId, MemberAddress>): void;
}

/** The time of a node. Deadlines count on the monotonic clock; wall time is only stamped for people. */
export interface Clock {
  /** Milliseconds, never falling, fractions allowed; its zero means nothing. */
  monotonicMs(): number;
  /** Unix time in milliseconds. */
  wallTimeMs(): number;
}

/** Lets a node collect inputs before it takes a turn. */
export interface Turns {
  /** Runs `task` after the present call, and after everything that has already happened was delivered. */
  soon(task: () => void): void;
}

/** Timers on the monotonic clock; production's are those of the process. A process that was paused runs what is overdue once. */
export interface Timers {
  /** Runs `run` once, after `delayMs` (>= 0). The function returned cancels it; cancelling late does nothing. */
  after(delayMs: number, run: () => void): () => void;
  /** Runs `run` every `periodMs` (> 0), until the function returned is called. Missed turns are not made up for. */
  every(periodMs: number, run: () => void): () => void;
}

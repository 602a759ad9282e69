/**
 * This file moves whole states between nodes, chunk by chunk. The receiver names the chunk that it wants next, so a
 * transfer that broke off goes on where it stopped, and one that went astray starts over. Memory holds one chunk.
 */
import type { NodeId, SnapshotMeta, Term } from "../raft/types.ts";
import type { Snapshots } from "./ports.ts";

/** The state being read out; `read` gives chunk after chunk, any of them again, null behind the last. */
export type SnapshotSource = { read(sequence: number): Uint8Array | null; close(): void };

/** A state being put together beside the present one. `write` takes chunk `nextSequence` and rejects what it cannot use. */
export type SnapshotSink = {
  readonly nextSequence: number;
  readonly complete: boolean;
  readonly meta: SnapshotMeta | undefined;
  write(chunk: Uint8Array): Promise<void>;
};

export interface SnapshotStore {
  openSnapshot(options: { readonly meta: SnapshotMeta; readonly chunkBytesMax: number }): SnapshotSource;
  beginSnapshot(): SnapshotSink;
  discardSnapshot(): Promise<void>;
}

/** Names a chunk; `transferId` names one run of one sender through one state. */
export type ChunkHeader = { readonly transferId: string; readonly term: Term; readonly sequence: number };
/** What the receiver makes of a chunk: which one it wants next, or that it wants none of this transfer. */
export type ChunkAnswer =
  | { readonly kind: "next"; readonly sequence: number; readonly complete: boolean }
  | { readonly kind: "refused"; readonly reason: string };

export interface SnapshotChannel {
  /** Resolves with the receiver's answer; rejects when it cannot be reached within `timeoutMs`. */
  sendChunk(to: NodeId, header: ChunkHeader, chunk: Uint8Array, timeoutMs: number): Promise<ChunkAnswer>;
}

export type SnapshotTransferOptions = {
  readonly chunkBytesMax: number;
  readonly chunkTimeoutMs: number;
  /** A chunk that could not be delivered this often in a row ends the transfer. */
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  /** Unique over all transfers of all runs. */
  readonly newTransferId: () => string;
};

export type SnapshotTransferEvents = {
  readonly currentTerm: () => Term;
  readonly onReceived: (received: { readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta }) => void;
};

/** For status and metrics. */
export type TransferProgress = { readonly peer: NodeId; readonly chunks: number; readonly bytes: number };

type Receiving =
  | { readonly kind: "idle" }
  | { readonly kind: "receiving"; readonly transferId: string; readonly sink: SnapshotSink; progress: TransferProgress }
  /** Complete, and offered to the node, which has yet to decide. */
  | { readonly kind: "offered" };

export class SnapshotTransfer implements Snapshots {
  readonly #options: SnapshotTransferOptions;
  readonly #store: SnapshotStore;
  readonly #channel: SnapshotChannel;
  readonly #events: SnapshotTransferEvents;
  readonly #sending = new Map<NodeId, TransferProgress>();
  #receiving: Receiving = { kind: "idle" };
  /** Chunks are taken one after the other, whatever streams they come on. */
  #lastChunk: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(
    options: SnapshotTransferOptions,
    ports: { readonly store: SnapshotStore; readonly channel: SnapshotChannel },
    events: SnapshotTransferEvents,
  ) {
    this.#options = options;
    this.#store = ports.store;
    this.#channel = ports.channel;
    this.#events = events;
  }

  /** Transfers under way, in both directions. */
  progress(): { readonly sending: readonly TransferProgress[]; readonly receiving: TransferProgress | null } {
    const receiving = this.#receiving.kind === "receiving" ? this.#receiving.progress : null;
    return { sending: [...this.#sending.values()], receiving };
  }

  send(
    order: { readonly to: NodeId; readonly term: Term; readonly meta: SnapshotMeta },
    done: (delivered: boolean) => void,
  ): void {
    const { chunkBytesMax, newTransferId } = this.#options;
    // Opened at once: `meta` describes what is on disk now.
    const source = this.#store.openSnapshot({ meta: order.meta, chunkBytesMax });
    void this.#sendAll({ ...order, transferId: newTransferId() }, source)
      .catch(() => false)
      .then((delivered) => {
        source.close();
        this.#sending.delete(order.to);
        done(delivered);
      });
  }

  settle(taken: boolean): void {
    if (taken) this.#receiving = { kind: "idle" };
    else this.#lastChunk = this.#lastChunk.then(() => this.#discard());
  }

  /** Takes a chunk from `from` and says what should come next. Rejects when the own disk fails. */
  receiveChunk(from: NodeId, header: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer> {
    const answer = this.#lastChunk.then(() => this.#takeChunk(from, header, chunk));
    this.#lastChunk = answer.catch(() => undefined);
    return answer;
  }

  /** Ends what is under way; resolves when nothing touches the store any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#lastChunk;
  }

  async #sendAll(transfer: { to: NodeId; term: Term; transferId: string }, source: SnapshotSource): Promise<boolean> {
    const { to, term, transferId } = transfer;
    let progress = { peer: to, chunks: 0, bytes: 0 };
    let sequence = 0;
    while (true) {
      this.#sending.set(to, progress);
      const chunk = source.read(sequence);
      // Behind the last chunk, but the receiver does not have all: it lost its part, and so is this transfer.
      if (chunk === null) return false;
      const answer = await this.#deliver(to, { transferId, term, sequence }, chunk);
      if (answer === undefined || answer.kind === "refused") return false;
      if (answer.complete) return true;
      sequence = answer.sequence;
      progress = { peer: to, chunks: progress.chunks + 1, bytes: progress.bytes + chunk.byteLength };
    }
  }

  async #deliver(to: NodeId, header: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer | undefined> {
    const { attemptsMax, chunkTimeoutMs, retryDelayMs } = this.#options;
    for (let attempt = 1; attempt <= attemptsMax && !this.#closing.signal.aborted; attempt++) {
      try {
        return await this.#channel.sendChunk(to, header, chunk, chunkTimeoutMs);
      } catch {
        // The receiver says what it has when it is back: nothing is lost by trying again.
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
      }
    }
    return undefined;
  }

  async #takeChunk(from: NodeId, header: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer> {
    if (this.#closing.signal.aborted) return { kind: "refused", reason: "shutting down" };
    if (header.term < this.#events.currentTerm()) return { kind: "refused", reason: "of an old term" };
    if (this.#receiving.kind === "offered") return { kind: "refused", reason: "another snapshot is being installed" };
    if (this.#receiving.kind !== "receiving" || this.#receiving.transferId !== header.transferId) {
      if (header.sequence !== 0) return { kind: "next", sequence: 0, complete: false };
      await this.#discard();
      this.#receiving = {
        kind: "receiving",
        transferId: header.transferId,
        sink: this.#store.beginSnapshot(),
        progress: { peer: from, chunks: 0, bytes: 0 },
      };
    }
    const receiving = this.#receiving;
    const { sink } = receiving;
    if (header.sequence === sink.nextSequence) {
      try {
        await sink.write(chunk);
      } catch (error) {
        await this.#discard();
        return { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
      }
      const { chunks, bytes } = receiving.progress;
      receiving.progress = { peer: from, chunks: chunks + 1, bytes: bytes + chunk.byteLength };
    }
    if (!sink.complete || sink.meta === undefined) return { kind: "next", sequence: sink.nextSequence, complete: false };
    this.#receiving = { kind: "offered" };
    this.#events.onReceived({ from, term: header.term, snapshot: sink.meta });
    return { kind: "next", sequence: sink.nextSequence, complete: true };
  }

  async #discard(): Promise<void> {
    this.#receiving = { kind: "idle" };
    await this.#store.discardSnapshot();
  }
}

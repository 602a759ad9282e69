/**
 * This file moves whole states between nodes, chunk by chunk. The receiver names the chunk that it wants next, so a
 * transfer that broke off goes on where it stopped, and one whose chunks do not fit starts over. Memory holds one chunk of each
 * transfer. A node sends to several others at a time, to each but once, and receives from one.
 */
import type { NodeId, SnapshotMeta, Term } from "../../raft/types.ts";
import type { Clock, Snapshots, Timers } from "../ports.ts";

/** A state being read; `read` returns any chunk by its number, also again, and null after the last one. */
export type SnapshotSource = { read(sequence: number): Uint8Array | null; close(): void };

/** A state being written beside the present one. `write` takes chunk `nextSequence` and rejects a chunk that it cannot use. */
export type SnapshotSink = {
  readonly nextSequence: number;
  readonly complete: boolean;
  readonly meta: SnapshotMeta | undefined;
  write(chunk: Uint8Array): Promise<void>;
};

/** What storage offers to a transfer: a state to read, and a place for a received one. */
export interface SnapshotStore {
  openSnapshot(options: { readonly meta: SnapshotMeta; readonly chunkBytesMax: number }): SnapshotSource;
  beginSnapshot(): SnapshotSink;
  discardSnapshot(): Promise<void>;
}

/** Names a chunk; `transferId` names one reading of one state by one sender. */
export type ChunkHeader = { readonly transferId: string; readonly term: Term; readonly sequence: number };
/** The receiver's answer to a chunk: which one it wants next, or that it refuses the transfer. */
export type ChunkAnswer =
  | { readonly kind: "next"; readonly sequence: number; readonly complete: boolean }
  | { readonly kind: "refused"; readonly reason: string };

/** Sends one chunk to another node and brings its answer. */
export interface SnapshotChannel {
  /** Resolves with the receiver's answer; rejects when it cannot be reached within `timeoutMs`. */
  sendChunk(to: NodeId, header: ChunkHeader, chunk: Uint8Array, timeoutMs: number): Promise<ChunkAnswer>;
}

/** What a transfer uses of the world. */
export type SnapshotTransferPorts = {
  readonly store: SnapshotStore;
  readonly channel: SnapshotChannel;
  readonly clock: Clock;
  readonly timers: Timers;
};

/** The limits of transfers; `composition/start-node.ts` sets them, with reasons. */
export type SnapshotTransferOptions = {
  readonly chunkBytesMax: number;
  readonly chunkTimeoutMs: number;
  /** A chunk that could not be delivered this often in a row ends the transfer; so does starting over this often. */
  readonly attemptsMax: number;
  /** Between two attempts at a chunk. */
  readonly retryDelayMs: number;
  /**
   * Before a transfer that failed is reported, because the leader begins the next one at once: it begins at `retryDelayMs` and
   * doubles up to this with each failure in a row, so that a receiver that cannot take a state does not keep the disk busy.
   */
  readonly failureDelayMsMax: number;
  /** A transfer that takes longer is given up: as long as a state is read, LMDB cannot reuse its pages (DECISIONS 36). */
  readonly transferMsMax: number;
  /** What was received of a transfer is given up when nothing was added to it for this long, or `transferMsMax` after it began. */
  readonly idleMsMax: number;
  /** Bytes that a transfer may bring in all: no more than fits into the receiver's map. */
  readonly receivedBytesMax: number;
  /** Unique over all transfers of all runs. */
  readonly newTransferId: () => string;
};

/** What a transfer asks of the node, and reports to it. */
export type SnapshotTransferEvents = {
  readonly currentTerm: () => Term;
  /** The leader of that term, this node included; null while none is known. */
  readonly leaderId: () => NodeId | null;
  readonly onReceived: (received: { readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta }) => void;
  readonly onEvent?: (event: TransferEvent) => void;
};

/** For the log. `reason` is why a transfer ended without success; null when it succeeded. */
export type TransferEvent =
  | { readonly kind: "sendingStarted" | "receivingStarted"; readonly peer: NodeId }
  | ({ readonly kind: "sendingEnded" | "receivingEnded"; readonly reason: string | null } & TransferProgress);

/** For status and metrics: what the receiver has of a transfer that is under way. */
export type TransferProgress = { readonly peer: NodeId; readonly chunks: number; readonly bytes: number };

type Sending = {
  readonly transferId: string;
  readonly to: NodeId;
  readonly term: Term;
  readonly source: SnapshotSource;
  readonly ended: AbortController;
  /** Nothing more is sent: it succeeded, or failed and is reported after a delay, which `ended` cuts short. */
  isOver: boolean;
  progress: TransferProgress;
};

type Receiving =
  /** `taken` is the last transfer that ended with success; its last answer may have been lost. */
  | { readonly kind: "idle"; readonly taken: string | null }
  | {
      readonly kind: "receiving";
      readonly transferId: string;
      readonly term: Term;
      readonly sink: SnapshotSink;
      readonly untilMs: number;
      cancelIdle: () => void;
      progress: TransferProgress;
    }
  /** Complete, and offered to the node, which has yet to decide. */
  | { readonly kind: "offered"; readonly transferId: string };

/** Sends snapshots to other nodes and receives one. `close` before the store is closed. */
export class SnapshotTransfer implements Snapshots {
  readonly #options: SnapshotTransferOptions;
  readonly #ports: SnapshotTransferPorts;
  readonly #events: SnapshotTransferEvents;
  /** By receiver: the latest transfer, until it is reported. */
  readonly #sending = new Map<NodeId, Sending>();
  /** Each settles when its transfer no longer uses the store. */
  readonly #sends = new Set<Promise<void>>();
  /** By receiver: how many transfers have failed in a row. */
  readonly #failures = new Map<NodeId, number>();
  #receiving: Receiving = { kind: "idle", taken: null };
  /** Chunks are taken one after the other, whatever streams they come on. Never rejects. */
  #lastChunk: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SnapshotTransferOptions, ports: SnapshotTransferPorts, events: SnapshotTransferEvents) {
    this.#options = options;
    this.#ports = ports;
    this.#events = events;
  }

  /** Transfers under way, in both directions. */
  progress(): { readonly sending: readonly TransferProgress[]; readonly receiving: TransferProgress | null } {
    const receiving = this.#receiving.kind === "receiving" ? this.#receiving.progress : null;
    const sending = [...this.#sending.values()].filter(({ isOver }) => !isOver);
    return { sending: sending.map(({ progress }) => progress), receiving };
  }

  /** A transfer to `to` that is still under way ends: this one is of a newer state. */
  send(
    order: { readonly to: NodeId; readonly term: Term; readonly meta: SnapshotMeta },
    done: (delivered: boolean) => void,
  ): void {
    const { to, term, meta } = order;
    const { chunkBytesMax, newTransferId } = this.#options;
    this.#sending.get(to)?.ended.abort(new Error("a newer transfer took its place"));
    const sending: Sending = {
      transferId: newTransferId(),
      to,
      term,
      // Opened at once: `meta` describes what is on disk now.
      source: this.#ports.store.openSnapshot({ meta, chunkBytesMax }),
      ended: new AbortController(),
      isOver: false,
      progress: { peer: to, chunks: 0, bytes: 0 },
    };
    this.#sending.set(to, sending);
    if (this.#closed) sending.ended.abort(new Error("shutting down"));
    this.#events.onEvent?.({ kind: "sendingStarted", peer: to });
    const send = this.#run(sending).then((delivered) => {
      this.#sends.delete(send);
      done(delivered);
    });
    this.#sends.add(send);
  }

  settle(taken: boolean): void {
    if (this.#receiving.kind !== "offered") return;
    if (taken) this.#receiving = { kind: "idle", taken: this.#receiving.transferId };
    else this.#lastChunk = this.#lastChunk.then(() => this.#discard());
  }

  /** Takes a chunk from `from` and says what should come next. Never rejects: what cannot be used is refused. */
  receiveChunk(from: NodeId, header: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer> {
    const answer = this.#lastChunk
      .then(() => this.#takeChunk(from, header, chunk))
      .catch((error: unknown) => this.#giveUp(error));
    this.#lastChunk = answer;
    return answer;
  }

  /** Ends all transfers; resolves when none uses the store any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const sending of this.#sending.values()) sending.ended.abort(new Error("shutting down"));
    if (this.#receiving.kind === "receiving") this.#receiving.cancelIdle();
    await Promise.all([this.#lastChunk, ...this.#sends]);
  }

  async #run(sending: Sending): Promise<boolean> {
    const { to, source, ended } = sending;
    const reason = await this.#sendAll(sending).catch((error: unknown) => textOf(error));
    source.close();
    sending.isOver = true;
    this.#events.onEvent?.({ kind: "sendingEnded", ...sending.progress, reason });
    if (reason === null) this.#failures.delete(to);
    // One that was cut short says nothing about the receiver.
    else if (!ended.signal.aborted) await this.#delay(this.#failureDelayMs(to), ended.signal);
    if (this.#sending.get(to) === sending) this.#sending.delete(to);
    return reason === null;
  }

  /** Resolves after `delayMs`, at once when `signal` is aborted. */
  #delay(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#ports.timers.after(delayMs, end);
      signal.addEventListener("abort", end);
    });
  }

  #failureDelayMs(to: NodeId): number {
    const failures = this.#failures.get(to) ?? 0;
    this.#failures.set(to, failures + 1);
    return Math.min(this.#options.retryDelayMs * 2 ** Math.min(failures, 16), this.#options.failureDelayMsMax);
  }

  /** Sends until the receiver has all of it; returns null then, else why it does not. */
  async #sendAll(sending: Sending): Promise<string | null> {
    const { transferId, term, to, source } = sending;
    let sequence = 0;
    let startsOver = 0;
    const untilMs = this.#ports.clock.monotonicMs() + this.#options.transferMsMax;
    while (true) {
      if (this.#ports.clock.monotonicMs() > untilMs) return `it took longer than ${this.#options.transferMsMax} ms`;
      const chunk = source.read(sequence);
      if (chunk === null) return `the receiver asks for chunk ${sequence}, after the last`;
      const answer = await this.#deliver(sending, { transferId, term, sequence }, chunk);
      if (answer.kind === "refused") return `refused: ${answer.reason}`;
      const { chunks, bytes } = sending.progress;
      const taken = answer.sequence > sequence || answer.complete;
      if (taken) sending.progress = { peer: to, chunks: chunks + 1, bytes: bytes + chunk.byteLength };
      if (answer.complete) return null;
      if (answer.sequence > sequence + 1) return `the receiver asks for chunk ${answer.sequence} after ${sequence}`;
      if (answer.sequence <= sequence) {
        // It lost what it had received, most likely in a restart.
        if (++startsOver >= this.#options.attemptsMax) return `the receiver went back ${startsOver} times`;
        if (answer.sequence === 0) sending.progress = { peer: to, chunks: 0, bytes: 0 };
      }
      sequence = answer.sequence;
    }
  }

  /** Tries until there is an answer; rejects when there is none, or the transfer was ended. */
  async #deliver({ to, ended }: Sending, header: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer> {
    const { attemptsMax, chunkTimeoutMs, retryDelayMs } = this.#options;
    const { signal } = ended;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await unlessAborted(signal, this.#ports.channel.sendChunk(to, header, chunk, chunkTimeoutMs));
      } catch (error) {
        if (attempt >= attemptsMax || signal.aborted) throw error;
        // A receiver that is back says which chunk it wants, so trying again loses nothing.
        await this.#delay(retryDelayMs, signal);
      }
    }
  }

  async #takeChunk(from: NodeId, header: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer> {
    await this.#discardOutdated();
    const refusal = this.#refusal(from, header);
    if (refusal !== null) return { kind: "refused", reason: refusal };
    const receiving = this.#receiving;
    if (isTaken(receiving, header.transferId)) return { kind: "next", sequence: header.sequence + 1, complete: true };
    if (receiving.kind !== "receiving" || receiving.transferId !== header.transferId) {
      if (header.sequence !== 0) return { kind: "next", sequence: 0, complete: false };
      await this.#begin(from, header);
    }
    return this.#write(from, header, chunk);
  }

  /** Discards what a leader of an older term began to send: it will not be completed, and takes room on the disk. */
  async #discardOutdated(): Promise<void> {
    if (this.#receiving.kind !== "receiving" || this.#receiving.term >= this.#events.currentTerm()) return;
    this.#noteEnd("of an old term");
    await this.#discard();
  }

  /** Why this transfer is refused; null when it is not. */
  #refusal(from: NodeId, { term, transferId }: ChunkHeader): string | null {
    if (this.#closed) return "shutting down";
    const currentTerm = this.#events.currentTerm();
    if (term < currentTerm) return "of an old term";
    const leaderId = this.#events.leaderId();
    // A term has one leader (§3.4), and only that sends states.
    if (term === currentTerm && leaderId !== null && leaderId !== from) return "another node leads this term";
    const receiving = this.#receiving;
    if (receiving.kind === "idle") return null;
    if (receiving.kind === "offered") return receiving.transferId === transferId ? null : "another snapshot is being installed";
    if (receiving.transferId === transferId) {
      return receiving.progress.peer === from && receiving.term === term ? null : "it is another node's, or of another term";
    }
    return term < receiving.term ? "a transfer of a newer term is under way" : null;
  }

  async #begin(from: NodeId, { transferId, term }: ChunkHeader): Promise<void> {
    this.#noteEnd("another transfer took its place");
    await this.#discard();
    const sink = this.#ports.store.beginSnapshot();
    const cancelIdle = this.#expireLater(transferId);
    const progress = { peer: from, chunks: 0, bytes: 0 };
    const untilMs = this.#ports.clock.monotonicMs() + this.#options.transferMsMax;
    this.#receiving = { kind: "receiving", transferId, term, sink, untilMs, cancelIdle, progress };
    this.#events.onEvent?.({ kind: "receivingStarted", peer: from });
  }

  async #write(from: NodeId, { transferId, term, sequence }: ChunkHeader, chunk: Uint8Array): Promise<ChunkAnswer> {
    const receiving = this.#receiving;
    if (receiving.kind !== "receiving") return { kind: "next", sequence: 0, complete: false };
    const { sink } = receiving;
    // Any other is a repeat whose answer was lost: the receiver has it already.
    if (sequence === sink.nextSequence) {
      const { chunks, bytes: before } = receiving.progress;
      const bytes = before + chunk.byteLength;
      const { receivedBytesMax, transferMsMax } = this.#options;
      if (bytes > receivedBytesMax) throw new Error(`it brings more than ${receivedBytesMax} bytes`);
      if (this.#ports.clock.monotonicMs() > receiving.untilMs) throw new Error(`it took longer than ${transferMsMax} ms`);
      await sink.write(chunk);
      receiving.progress = { peer: from, chunks: chunks + 1, bytes };
      receiving.cancelIdle();
      receiving.cancelIdle = this.#expireLater(transferId);
    }
    if (!sink.complete || sink.meta === undefined) return { kind: "next", sequence: sink.nextSequence, complete: false };
    this.#noteEnd(null);
    this.#receiving = { kind: "offered", transferId };
    this.#events.onReceived({ from, term, snapshot: sink.meta });
    return { kind: "next", sequence: sink.nextSequence, complete: true };
  }

  /** This node's disk or the sent data is bad: gives up what was received. */
  async #giveUp(error: unknown): Promise<ChunkAnswer> {
    const reason = textOf(error);
    if (this.#receiving.kind === "receiving") {
      this.#noteEnd(reason);
      await this.#discard();
    }
    return { kind: "refused", reason };
  }

  /** Gives up what was received if nothing is added within `idleMsMax`; the function returned cancels that. Nothing once closed. */
  #expireLater(transferId: string): () => void {
    if (this.#closed) return () => undefined;
    return this.#ports.timers.after(this.#options.idleMsMax, () => this.#expire(transferId));
  }

  #expire(transferId: string): void {
    this.#lastChunk = this.#lastChunk.then(async () => {
      if (this.#closed || this.#receiving.kind !== "receiving" || this.#receiving.transferId !== transferId) return;
      this.#noteEnd(`no chunk within ${this.#options.idleMsMax} ms`);
      await this.#discard();
    });
  }

  /** The transfer that is being received ends here. */
  #noteEnd(reason: string | null): void {
    if (this.#receiving.kind !== "receiving") return;
    this.#receiving.cancelIdle();
    this.#events.onEvent?.({ kind: "receivingEnded", ...this.#receiving.progress, reason });
  }

  /** A failure to remove it is ignored: the next transfer or the next start removes it. */
  async #discard(): Promise<void> {
    this.#receiving = { kind: "idle", taken: null };
    await this.#ports.store.discardSnapshot().catch(() => undefined);
  }
}

function isTaken(receiving: Receiving, transferId: string): boolean {
  if (receiving.kind === "idle") return receiving.taken === transferId;
  return receiving.kind === "offered" && receiving.transferId === transferId;
}

/** `promise`, or a rejection with the signal's reason once it is aborted. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

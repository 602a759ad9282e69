/**
 * This file is the durable state of one node: its log, its vote, and the tables of its machine, in one LMDB environment,
 * so that what one write holds is on disk together or not at all.
 */
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import type { TableReader } from "../machine/tables.ts";
import {
  type Entry,
  type HardState,
  type LogIndex,
  type LogReader,
  type Membership,
  type NodeId,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../raft/types.ts";
import { checkDataFile } from "./data-file.ts";
import {
  beginState,
  discardState,
  ensureDirectory,
  presentState,
  publishState,
  removeOldStates,
  removeUnfinishedStates,
} from "./directory.ts";
import { Environment } from "./environment.ts";
import { CorruptRecord, StorageError } from "./errors.ts";
import { LmdbLog } from "./lmdb-log.ts";
import { LmdbTables } from "./lmdb-tables.ts";
import { type Ownership, takeOwnership } from "./ownership.ts";
import {
  entryRecord,
  formatVersion,
  type Identity,
  parseHardState,
  parseIdentity,
  parseSnapshotMeta,
  Sealer,
} from "./records.ts";
import { SnapshotSink } from "./snapshot-sink.ts";
import { SnapshotSource } from "./snapshot-source.ts";
import { checkBatch, type WriteBatch } from "./write-batch.ts";

export type LmdbStorageOptions = {
  /** Made, with mode 0700, if it is not there. One process at a time may use it. */
  readonly directory: string;
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** Stands before the first entry of a new log; ignored when the directory holds a state. */
  readonly initialMembership: Membership;
  /** The file may not grow past this. Address space, not memory. */
  readonly mapSizeBytes: number;
  /** Entries kept in memory, by `entryBytes`. */
  readonly logCacheBytesMax: number;
  /**
   * A write failed: its batch is not on disk, and no later write is carried out. Called once. The process must end, and at
   * once (a line, then SIGKILL): lmdb writes the reason of a failed write into a buffer that may be too small for it.
   */
  readonly onFatal: (error: Error) => void;
};

/** Implements the node's `Disk`. */
export class LmdbStorage {
  readonly #options: LmdbStorageOptions;
  readonly #ownership: Ownership;
  #environment: Environment;
  readonly #log: LmdbLog;
  readonly #tables: LmdbTables;
  #hardState: HardState;
  #writing: Promise<void> | undefined;
  #sink: SnapshotSink | undefined;
  /** Settles when no replaced environment is open any more. */
  #retired: Promise<void> = Promise.resolve();
  readonly #sources = new Set<SnapshotSource>();
  #failed = false;
  #closed = false;

  /**
   * Opens the state in `directory`, or makes one: an empty log after index 0, term 0, empty tables. Rejects with
   * StorageError when the directory must not be used, and with CorruptRecord when any record of the log, the vote or
   * the base is bad.
   */
  static async open(options: LmdbStorageOptions): Promise<LmdbStorage> {
    ensureDirectory(options.directory);
    const ownership = await takeOwnership(options.directory);
    try {
      removeUnfinishedStates(options.directory);
      const state = presentState(options.directory) ?? (await create(options));
      checkDataFile(join(state.path, "data.mdb"));
      const environment = Environment.open(state.path, options.mapSizeBytes);
      try {
        checkIdentity(parseIdentity(stored(environment, "identity")), options);
        const storage = new LmdbStorage(options, ownership, environment);
        removeOldStates(options.directory);
        return storage;
      } catch (error) {
        await environment.close();
        throw error;
      }
    } catch (error) {
      await ownership.release();
      throw error;
    }
  }

  private constructor(options: LmdbStorageOptions, ownership: Ownership, environment: Environment) {
    this.#options = options;
    this.#ownership = ownership;
    this.#environment = environment;
    this.#hardState = parseHardState(stored(environment, "hardState"));
    const base = parseSnapshotMeta(stored(environment, "base"));
    this.#log = new LmdbLog({ environment, base, cacheBytesMax: options.logCacheBytesMax });
    this.#tables = new LmdbTables(environment);
  }

  /** The log as the last completed write left it. */
  get log(): LogReader {
    return this.#log;
  }

  /** As the last completed write left it. */
  get hardState(): HardState {
    return this.#hardState;
  }

  /** As the last completed write left them. */
  get tables(): TableReader {
    return this.#tables;
  }

  /** Bytes of the file in use, and the address space set aside for it. */
  usage(): { readonly bytes: number; readonly mapBytes: number } {
    return this.#environment.usage();
  }

  /**
   * Calls `done`, once, after the batch is on disk (fsync included) and reads see it. One write is under way at a time.
   * When it fails, `onFatal` is called instead.
   */
  write(batch: WriteBatch, done: () => void): void {
    checkBatch(batch, this.#log);
    this.#begin(
      () => this.#commit(batch),
      () => {
        this.#environment.advance();
        if (batch.hardState !== undefined) this.#hardState = batch.hardState;
        this.#log.written(batch.entries, batch.compactTo);
        done();
      },
    );
  }

  /**
   * Opens the present state to be read out; close it. `meta` says what the tables hold: the last applied entry and the
   * membership in force there. Writes go on meanwhile.
   */
  openSnapshot(options: { readonly meta: SnapshotMeta; readonly chunkBytesMax: number }): SnapshotSource {
    assert(!this.#closed, "snapshot after close");
    for (const source of this.#sources) if (source.closed) this.#sources.delete(source);
    const source = new SnapshotSource(this.#environment, { ...options, clusterId: this.#options.clusterId });
    this.#sources.add(source);
    return source;
  }

  /** Begins to receive a snapshot, beside the present state. There is one sink at a time. */
  beginSnapshot(): SnapshotSink {
    assert(!this.#closed, "snapshot after close");
    assert(this.#sink === undefined, "a snapshot is being received");
    const folder = beginState(this.#options.directory);
    const environment = Environment.open(folder.path, this.#options.mapSizeBytes);
    this.#sink = new SnapshotSink({ folder, environment, clusterId: this.#options.clusterId });
    return this.#sink;
  }

  /** Gives up the snapshot that is being received. Resolves when nothing of it is left. */
  async discardSnapshot(): Promise<void> {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#sink = undefined;
    await sink.environment.close();
    discardState(sink.folder);
  }

  /**
   * One write: makes the complete snapshot the present state, with `hardState`, and with `entries` as the whole log
   * after it. Calls `done` once that is on disk and reads see it. A crash leaves the old state or the new one. Sources
   * that are still open are closed.
   */
  installSnapshot(batch: Pick<WriteBatch, "hardState" | "entries">, done: () => void): void {
    const sink = this.#sink;
    assert(sink?.complete === true && sink.meta !== undefined, "no complete snapshot to install");
    const base = sink.meta;
    const hardState = batch.hardState ?? this.#hardState;
    checkBatch({ ...batch, hardState, tableWrites: [], compactTo: undefined }, emptyLog(base));
    this.#begin(
      () => this.#swap({ sink, base, hardState, entries: batch.entries }),
      (environment) => {
        // With `done` in one go: whoever lays writes over the old state must not see the new one under them.
        this.#adopt(environment, { base, hardState });
        done();
      },
    );
  }

  /** Runs `commit` as the one write under way, then `completed`; or fails for good. */
  #begin<Made>(commit: () => Promise<Made>, completed: (made: Made) => void): void {
    assert(!this.#closed, "write after close");
    assert(this.#writing === undefined, "a write is under way");
    // What a failed commit left in the page cache is not known, so nothing may be built on it (and nothing retried).
    if (this.#failed) return;
    this.#writing = commit().then(
      (made) => {
        this.#writing = undefined;
        completed(made);
      },
      (error: unknown) => {
        this.#writing = undefined;
        this.#fail(error);
      },
    );
  }

  async #swap(next: {
    readonly sink: SnapshotSink;
    readonly base: SnapshotMeta;
    readonly hardState: HardState;
    readonly entries: readonly Entry[];
  }): Promise<Environment> {
    const { sink, base, hardState, entries } = next;
    const { environment, folder } = sink;
    await environment.commit(() => {
      const sealer = new Sealer();
      putNodeRecords(environment, sealer, { identity: identityOf(this.#options), hardState, base });
      for (const entry of entries) void environment.log.put(entry.index, sealer.seal(entryRecord(entry)));
    });
    await environment.close();
    const state = publishState(this.#options.directory, folder);
    return Environment.open(state.path, this.#options.mapSizeBytes);
  }

  /** Reads go to `environment` from here on. */
  #adopt(environment: Environment, { base, hardState }: { readonly base: SnapshotMeta; readonly hardState: HardState }): void {
    const before = this.#environment;
    this.#environment = environment;
    this.#log.attach(this.#environment, base);
    this.#tables.attach(this.#environment);
    this.#hardState = hardState;
    this.#sink = undefined;
    for (const source of this.#sources) source.close();
    this.#sources.clear();
    // Iterations that began on the old state may still run; its folder goes when they have ended.
    this.#retired = this.#retired
      .then(() => before.close())
      .then(() => removeOldStates(this.#options.directory))
      .catch((error: unknown) => this.#fail(error));
  }

  /** Waits for the write under way and gives the directory free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    for (const source of this.#sources) source.close();
    await this.discardSnapshot();
    await this.#retired;
    await this.#environment.close();
    await this.#ownership.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #commit(batch: WriteBatch): Promise<void> {
    const { node, log, tables } = this.#environment;
    const { bytes } = this.#environment.usage();
    // LMDB takes new pages only when no old ones are free, so a file beyond the limit is full of what is alive.
    if (bytes > this.#options.mapSizeBytes) {
      const message = `the database has ${bytes} bytes, its limit is ${this.#options.mapSizeBytes}. Raise the limit or delete data.`;
      throw new StorageError("full", message);
    }
    const sealer = new Sealer();
    await this.#environment.commit(() => {
      if (batch.hardState !== undefined) void node.put("hardState", sealer.seal(batch.hardState));
      const first = batch.entries[0];
      if (first !== undefined) {
        for (const entry of batch.entries) void log.put(entry.index, sealer.seal(entryRecord(entry)));
        for (let i = first.index + batch.entries.length; i <= this.#log.lastIndex; i++) void log.remove(i);
      }
      for (const { table, key, record } of batch.tableWrites) {
        if (record === undefined) void tables[table].remove(key);
        else void tables[table].put(key, sealer.seal(record));
      }
      if (batch.compactTo !== undefined) {
        void node.put("base", sealer.seal(batch.compactTo));
        const { lastIncludedIndex } = batch.compactTo;
        for (let i = this.#log.base.lastIncludedIndex + 1; i <= lastIncludedIndex; i++) void log.remove(i);
      }
    });
  }

  #fail(error: unknown): void {
    this.#failed = true;
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#options.onFatal(new Error(`writing to ${this.#options.directory} failed: ${cause.message}`, { cause }));
  }
}

function stored(environment: Environment, key: "identity" | "hardState" | "base"): Uint8Array {
  const bytes = environment.node.get(key, environment.pin);
  if (bytes === undefined) throw new CorruptRecord("node", key, "it is missing");
  return bytes;
}

function checkIdentity(found: Identity, options: LmdbStorageOptions): void {
  const { directory, clusterId, nodeId } = options;
  const advice = "Check the configured data directory; never copy one between nodes.";
  if (found.formatVersion !== formatVersion) {
    const message = `${directory} has format ${found.formatVersion}; this version reads ${formatVersion}.`;
    throw new StorageError("unknownFormat", message);
  }
  if (found.clusterId !== clusterId) {
    const message = `${directory} belongs to cluster ${found.clusterId}, this node is configured for ${clusterId}. ${advice}`;
    throw new StorageError("foreignCluster", message);
  }
  if (found.nodeId !== nodeId) {
    throw new StorageError("foreignNode", `${directory} belongs to node ${found.nodeId}, this is node ${nodeId}. ${advice}`);
  }
}

/** The first state of a node. A crash before it is published leaves nothing behind that counts. */
async function create(options: LmdbStorageOptions) {
  const state = beginState(options.directory);
  const environment = Environment.open(state.path, options.mapSizeBytes);
  const hardState: HardState = { currentTerm: toTerm(0), votedFor: null, quarantinedUntil: null };
  const base: SnapshotMeta = {
    lastIncludedIndex: toLogIndex(0),
    lastIncludedTerm: toTerm(0),
    clusterTimeMs: toClusterTimeMs(0),
    membership: options.initialMembership,
  };
  await environment.commit(() => {
    putNodeRecords(environment, new Sealer(), { identity: identityOf(options), hardState, base });
  });
  await environment.close();
  return publishState(options.directory, state);
}

function putNodeRecords(
  environment: Environment,
  sealer: Sealer,
  records: { readonly identity: Identity; readonly hardState: HardState; readonly base: SnapshotMeta },
): void {
  for (const [key, record] of Object.entries(records)) void environment.node.put(key, sealer.seal(record));
}

function identityOf({ clusterId, nodeId }: LmdbStorageOptions): Identity {
  return { formatVersion, clusterId, nodeId };
}

/** The log that a snapshot leaves. */
function emptyLog(base: SnapshotMeta): LogReader {
  const term = (index: LogIndex) => (index === base.lastIncludedIndex ? base.lastIncludedTerm : undefined);
  return { base, lastIndex: base.lastIncludedIndex, term, entries: () => [] };
}

/**
 * This file is the durable state of one node: its log, its vote, and the tables of its machine, in one LMDB environment,
 * so that what one write holds is on disk together or not at all.
 */
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import type { TableReader } from "../machine/tables.ts";
import {
  type HardState,
  type LogReader,
  type Membership,
  type NodeId,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../raft/types.ts";
import { checkDataFile } from "./data-file.ts";
import { beginState, ensureDirectory, presentState, publishState, removeDebris } from "./directory.ts";
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
  /** A write failed: its batch is not on disk, and no later write is accepted. Called once; the process must end. */
  readonly onFatal: (error: Error) => void;
};

/** Implements the node's `Disk`. */
export class LmdbStorage {
  readonly #options: LmdbStorageOptions;
  readonly #ownership: Ownership;
  readonly #environment: Environment;
  readonly #log: LmdbLog;
  readonly #tables: LmdbTables;
  #hardState: HardState;
  #writing: Promise<void> | undefined;
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
      const state = presentState(options.directory) ?? (await create(options));
      checkDataFile(join(state.path, "data.mdb"));
      const environment = Environment.open(state.path, options.mapSizeBytes);
      try {
        checkIdentity(parseIdentity(stored(environment, "identity")), options);
        const storage = new LmdbStorage(options, ownership, environment);
        removeDebris(options.directory);
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
    assert(!this.#closed, "write after close");
    assert(this.#writing === undefined, "a write is under way");
    // What a failed commit left in the page cache is not known, so nothing may be built on it (and nothing retried).
    if (this.#failed) return;
    checkBatch(batch, this.#log);
    this.#writing = this.#commit(batch).then(
      () => {
        this.#writing = undefined;
        this.#environment.advance();
        if (batch.hardState !== undefined) this.#hardState = batch.hardState;
        this.#log.written(batch.entries, batch.compactTo);
        done();
      },
      (error: unknown) => {
        this.#writing = undefined;
        return this.#fail(error);
      },
    );
  }

  /** Waits for the write under way and gives the directory free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#environment.close();
    await this.#ownership.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #commit(batch: WriteBatch): Promise<void> {
    const { root, node, log, tables } = this.#environment;
    const { bytes } = this.#environment.usage();
    // LMDB takes new pages only when no old ones are free, so a file beyond the limit is full of what is alive.
    if (bytes > this.#options.mapSizeBytes) {
      const message = `the database has ${bytes} bytes, its limit is ${this.#options.mapSizeBytes}. Raise the limit or delete data.`;
      throw new StorageError("full", message);
    }
    const sealer = new Sealer();
    await root.batch(() => {
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

  async #fail(error: unknown): Promise<void> {
    this.#failed = true;
    const cause = await commitCause(error);
    this.#options.onFatal(new Error(`writing to ${this.#options.directory} failed: ${cause.message}`, { cause }));
  }
}

/** LMDB rejects a commit with a general error that holds the promise of the real one. */
async function commitCause(error: unknown): Promise<Error> {
  const general = error instanceof Error ? error : new Error(String(error));
  if (!("commitError" in general) || !(general.commitError instanceof Promise)) return general;
  // The reason may never come: it is reported from another place in lmdb, which some failures do not reach.
  const late = new Promise<Error>((resolve) => setTimeout(resolve, 1000, general).unref());
  const reason = general.commitError.then(
    () => general,
    (cause: unknown) => (cause instanceof Error ? cause : general),
  );
  return Promise.race([reason, late]);
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
  const identity: Identity = { formatVersion, clusterId: options.clusterId, nodeId: options.nodeId };
  const hardState: HardState = { currentTerm: toTerm(0), votedFor: null };
  const base: SnapshotMeta = {
    lastIncludedIndex: toLogIndex(0),
    lastIncludedTerm: toTerm(0),
    clusterTimeMs: toClusterTimeMs(0),
    membership: options.initialMembership,
  };
  const sealer = new Sealer();
  await environment.root.batch(() => {
    void environment.node.put("identity", sealer.seal(identity));
    void environment.node.put("hardState", sealer.seal(hardState));
    void environment.node.put("base", sealer.seal(base));
  });
  await environment.close();
  return publishState(options.directory, state);
}

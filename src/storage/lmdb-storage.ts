/**
 * This file is the durable state of one node: its log, its vote, and the tables of the state machine, in one LMDB environment,
 * so that one write is on disk completely or not at all.
 */
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import type { TableReader } from "../machine/state/tables.ts";
import type { Entry, HardState, LogReader, Membership, NodeId, SnapshotMeta } from "../raft/types.ts";
import { type Damage, damageOf, markDamage, readMarker, removeMarker } from "./damage.ts";
import { checkDataFile } from "./data-file.ts";
import {
  beginState,
  damagedPath,
  discardState,
  ensureDirectory,
  presentState,
  publishState,
  removeOldStates,
  removeUnfinishedStates,
  type StateFolder,
  setAside,
} from "./directory.ts";
import { Environment, mapSlackBytes } from "./environment.ts";
import { CommitFailure, CorruptRecord, StorageError, StorageFailure } from "./errors.ts";
import { LmdbLog } from "./lmdb-log.ts";
import { LmdbTables } from "./lmdb-tables.ts";
import { createState, emptyLog, firstHardState, openOrRefuse, planNodeRecords, readHardState, stored } from "./node-records.ts";
import { type Ownership, takeOwnership } from "./ownership.ts";
import { quarantine } from "./quarantine.ts";
import { entryRecord, parseSnapshotMeta, Sealer } from "./records.ts";
import { SnapshotSink } from "./snapshot-sink.ts";
import { SnapshotSource } from "./snapshot-source.ts";
import type { StorageEvent } from "./storage-event.ts";
import { contradiction, readWitness, Witness } from "./witness.ts";
import { checkBatch, planBatch, type WriteBatch } from "./write-batch.ts";

/** How to open a node's storage. */
export type LmdbStorageOptions = {
  /** Made, with mode 0700, if it does not exist. One process at a time may use it. */
  readonly directory: string;
  /** The ownership of the directory, if it was taken before; released at `close`, or when opening fails. Default: taken here. */
  readonly ownership?: Ownership;
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** The membership before the first entry of a new log; ignored when the directory holds a state. */
  readonly initialMembership: Membership;
  /** The most bytes that the file may have. It takes address space, not memory. */
  readonly mapSizeBytes: number;
  /** A file longer than this does not grow for the sake of open snapshots: they are given up. */
  readonly pinnedFileBytesMax: number;
  /** Bytes of the newest entries that are kept in memory, by `entryBytes`. */
  readonly logCacheBytesMax: number;
  /**
   * A write failed or a record is damaged: a write under way is not acknowledged, and no later one is carried out.
   * Called once. The process must end; StorageFailure says how. The next start recovers, or replaces what is damaged.
   */
  readonly onFatal: (error: StorageFailure) => void;
  readonly onEvent: (event: StorageEvent) => void;
};

type Present = { readonly environment: Environment; readonly state: StateFolder };

/** Implements the node's `Disk`. */
export class LmdbStorage {
  readonly #options: LmdbStorageOptions;
  readonly #ownership: Ownership;
  #environment: Environment;
  #state: StateFolder;
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
  #opened = false;
  /** The longest that the file was at a write. */
  #fileBytes = 0;
  /** Of the present state. */
  #witness: Witness;

  /**
   * Opens the state in `directory`, or makes one: an empty log after index 0, term 0, empty tables. A state with a bad
   * record in its log or among its counters is replaced by an empty one in quarantine (`quarantine.ts`). Rejects with
   * StorageError when the directory must not be used, among others because its vote is bad.
   */
  static async open(options: LmdbStorageOptions): Promise<LmdbStorage> {
    ensureDirectory(options.directory);
    const ownership = options.ownership ?? (await takeOwnership(options.directory));
    try {
      return await LmdbStorage.#open(options, ownership);
    } catch (error) {
      await ownership.release();
      throw error;
    }
  }

  static async #open(options: LmdbStorageOptions, ownership: Ownership): Promise<LmdbStorage> {
    const { directory, initialMembership: membership } = options;
    removeUnfinishedStates(directory);
    const present = presentState(directory) ?? (await createState(options, { hardState: firstHardState, membership }));
    const marker = readMarker(directory, present.number);
    const opened = marker?.state === present.number ? marker : await LmdbStorage.#tryState(options, ownership, present);
    if (opened instanceof LmdbStorage) {
      // A crash may have interrupted an earlier replacement.
      if (marker !== undefined) setAside(directory, marker.state);
      return opened.#ready(marker);
    }
    const { state, lostLog } = await quarantine(options, present, opened);
    const fresh = await LmdbStorage.#tryState(options, ownership, state);
    assert(fresh instanceof LmdbStorage, `the new state ${state.path} is damaged, too`);
    setAside(directory, present.number);
    const path = damagedPath(directory, present.number);
    options.onEvent({ kind: "quarantineBegan", lostLog, path, damage: opened });
    return fresh.#ready(opened);
  }

  /** Opens one state; returns the damage if it finds any. */
  static async #tryState(options: LmdbStorageOptions, ownership: Ownership, state: StateFolder): Promise<LmdbStorage | Damage> {
    const why = contradiction(state.path, readWitness(state.path));
    if (why !== undefined) return { state: state.number, table: "meta page", key: "transaction", why };
    checkDataFile(join(state.path, "data.mdb"));
    const environment = openOrRefuse(options, state);
    try {
      return new LmdbStorage(options, ownership, { environment, state });
    } catch (error) {
      await environment.close();
      if (error instanceof CorruptRecord) return damageOf(error, state.number);
      throw error;
    }
  }

  private constructor(options: LmdbStorageOptions, ownership: Ownership, present: Present) {
    const { environment, state } = present;
    this.#options = options;
    this.#ownership = ownership;
    this.#environment = environment;
    this.#state = state;
    this.#hardState = readHardState(environment, options);
    const onFailedRead = (error: unknown) => this.#onFailedRead(error);
    const base = parseSnapshotMeta(stored(environment, "base"));
    this.#log = new LmdbLog({ environment, base, cacheBytesMax: options.logCacheBytesMax, onFailedRead });
    this.#tables = new LmdbTables(environment, onFailedRead);
    // No node can begin without these; other rows are checked when they are read.
    for (const table of ["meta", "members"] as const) for (const _ of this.#tables.range(table, {}));
    if (readWitness(state.path) === undefined) options.onEvent({ kind: "witnessLost", path: state.path });
    this.#witness = new Witness(state.path, options);
    this.#note();
  }

  /** Before the write is acknowledged: from here on it is noticed if LMDB loses it (DECISIONS 37). */
  #note(): void {
    this.#witness.note({ hardState: this.#hardState, lastIndex: this.#log.lastIndex });
  }

  #ready(marker: Damage | undefined): this {
    const { directory, onEvent } = this.#options;
    if (marker !== undefined) removeMarker(directory);
    const { lostLog } = this.#hardState;
    if (lostLog !== null && marker === undefined) onEvent({ kind: "quarantineGoesOn", lostLog });
    removeOldStates(directory);
    this.#opened = true;
    return this;
  }

  /** The log as the last completed write left it. */
  get log(): LogReader {
    return this.#log;
  }

  /** Bytes of the log when it was opened, by `entryBytes`. */
  get logBytes(): number {
    return this.#log.bytesLoaded;
  }

  /** As the last completed write left it. */
  get hardState(): HardState {
    return this.#hardState;
  }

  /** As the last completed write left them. */
  get tables(): TableReader {
    return this.#tables;
  }

  /** Bytes of the file, how many of them are in use, and the address space reserved for it. */
  usage(): { readonly bytes: number; readonly usedBytes: number; readonly mapBytes: number } {
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
        if (batch.hardState !== undefined) this.#noteHardState(batch.hardState);
        this.#log.written(batch.entries, batch.compactTo);
        this.#note();
        done();
      },
    );
  }

  /**
   * Opens the present state to be sent; the caller must close it. `meta` describes the tables: the last applied entry and the
   * membership in force there. Writes go on meanwhile.
   */
  openSnapshot(options: { readonly meta: SnapshotMeta; readonly chunkBytesMax: number }): SnapshotSource {
    assert(!this.#closed, "snapshot after close");
    for (const source of this.#sources) if (source.closed) this.#sources.delete(source);
    const { clusterId } = this.#options;
    const onFailedRead = (error: unknown) => this.#onFailedRead(error);
    const source = new SnapshotSource(this.#environment, { ...options, clusterId, onFailedRead });
    this.#sources.add(source);
    return source;
  }

  /** Begins to receive a snapshot, beside the present state. There is one sink at a time. Throws NoRoom when the disk is full. */
  beginSnapshot(): SnapshotSink {
    assert(!this.#closed, "snapshot after close");
    assert(this.#sink === undefined, "a snapshot is being received");
    const { directory, mapSizeBytes, clusterId } = this.#options;
    const folder = beginState(directory);
    try {
      this.#sink = new SnapshotSink({ folder, environment: Environment.open(folder.path, mapSizeBytes), clusterId });
    } catch (error) {
      discardState(folder);
      throw error;
    }
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
      (present) => {
        // Together with `done`: staged writes over the old state must not be read over the new one.
        this.#adopt(present, { base, hardState });
        done();
      },
    );
  }

  /** Runs `commit` as the one write under way, then `completed`; or fails for good. */
  #begin<Made>(commit: () => Promise<Made>, completed: (made: Made) => void): void {
    assert(!this.#closed, "write after close");
    assert(this.#writing === undefined, "a write is under way");
    // What a failed commit left in the page cache is unknown, so nothing may follow it (and nothing is retried).
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
  }): Promise<Present> {
    const { sink, base, hardState, entries } = next;
    const { environment, folder } = sink;
    const write = environment.plan();
    const sealer = new Sealer();
    planNodeRecords(write, { owner: this.#options, hardState, base });
    for (const entry of entries) write.log.append(entry.index, sealer.seal(entryRecord(entry), "log", entry.index));
    await environment.commit(write);
    await environment.close();
    const witness = new Witness(folder.path, this.#options);
    witness.note({ hardState, lastIndex: entries.at(-1)?.index ?? base.lastIncludedIndex });
    witness.close();
    const state = publishState(this.#options.directory, folder);
    return { state, environment: Environment.open(state.path, this.#options.mapSizeBytes) };
  }

  /** Reads go to `present` from here on. */
  #adopt(present: Present, { base, hardState }: { readonly base: SnapshotMeta; readonly hardState: HardState }): void {
    const before = this.#environment;
    this.#state = present.state;
    this.#environment = present.environment;
    this.#fileBytes = 0;
    this.#log.attach(this.#environment, base);
    this.#tables.attach(this.#environment);
    this.#noteHardState(hardState);
    this.#witness.close();
    this.#witness = new Witness(this.#state.path, this.#options);
    this.#note();
    this.#sink = undefined;
    for (const source of this.#sources) source.close();
    this.#sources.clear();
    // Iterations that began on the old state may still run; its folder goes when they have ended.
    this.#retired = this.#retired
      .then(() => before.close({ readings: "wait" }))
      .then(() => removeOldStates(this.#options.directory))
      .catch((error: unknown) => this.#fail(error));
  }

  /** Waits for the write under way, closes LMDB and releases the directory. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    for (const source of this.#sources) source.close();
    await this.discardSnapshot();
    await this.#retired;
    await this.#environment.close();
    this.#witness.close();
    await this.#ownership.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #commit(batch: WriteBatch): Promise<void> {
    const { bytes } = this.#environment.size();
    this.#endPins(bytes);
    const limit = this.#options.mapSizeBytes + mapSlackBytes / 2;
    if (bytes > limit) throw new StorageError("full", `the database has ${bytes} bytes, its limit is ${limit}. Raise it.`);
    const write = this.#environment.plan();
    planBatch(write, { batch, log: this.#log });
    await this.#environment.commit(write);
  }

  /** Ends readers of old states when the file grows beyond its plan: it grows because their pages cannot be reused (DECISIONS 36). */
  #endPins(bytes: number): void {
    const grown = bytes > this.#fileBytes;
    this.#fileBytes = bytes;
    if (!grown || bytes <= this.#options.pinnedFileBytesMax) return;
    // An iteration that is interrupted between two portions ends, too.
    this.#environment.endReadings();
    const open = [...this.#sources].filter((source) => !source.closed);
    if (open.length === 0) return;
    for (const source of open) source.giveUp(`it kept old pages from being reused, and the file grew to ${bytes} bytes`);
    this.#options.onEvent({ kind: "snapshotsGivenUp", snapshots: open.length, fileBytes: bytes });
  }

  #noteHardState(hardState: HardState): void {
    const { lostLog } = this.#hardState;
    this.#hardState = hardState;
    if (lostLog !== null && hardState.lostLog === null) this.#options.onEvent({ kind: "quarantineEnded", lostLog });
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#options.onFatal(
      new StorageFailure(`writing to ${this.#options.directory} failed: ${cause.message}`, {
        cause,
        atOnce: cause instanceof CommitFailure,
      }),
    );
  }

  /** A record was damaged while the node ran: marks the state for the next start, and stops all writes. */
  #onFailedRead(error: unknown): void {
    if (!this.#opened || this.#failed || !(error instanceof CorruptRecord)) return;
    this.#failed = true;
    const { directory, onFatal } = this.#options;
    const unmarked = markDamage(directory, damageOf(error, this.#state.number));
    const next = "The next start sets this state aside and gets a new one from the leader.";
    const message = `${directory} is damaged: ${error.message}. ${unmarked ?? next}`;
    onFatal(new StorageFailure(message, { cause: error, atOnce: false }));
  }
}

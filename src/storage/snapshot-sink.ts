/**
 * This file builds a state from the chunks of a snapshot, beside the present one and without touching it. The result
 * counts only once the storage installs it.
 */
import { assert, unreachable } from "../base/assert.ts";
import { type TableName, tableNames } from "../machine/state/tables.ts";
import type { SnapshotMeta } from "../raft/types.ts";
import type { StateFolder } from "./directory.ts";
import type { Environment } from "./environment.ts";
import { StorageError } from "./errors.ts";
import { checkSeal, formatVersion, type SnapshotChunk, snapshotChunk, unseal } from "./records.ts";

/** One snapshot that is being received. */
export class SnapshotSink {
  readonly folder: StateFolder;
  readonly environment: Environment;
  readonly #clusterId: string;
  #meta: SnapshotMeta | undefined;
  #nextSequence = 0;
  #rows = 0;
  #complete = false;

  constructor(options: { readonly folder: StateFolder; readonly environment: Environment; readonly clusterId: string }) {
    this.folder = options.folder;
    this.environment = options.environment;
    this.#clusterId = options.clusterId;
  }

  /** The number of the next chunk; an interrupted transfer continues there. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Whether the last chunk has been written. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Describes the state; undefined before the first chunk. */
  get meta(): SnapshotMeta | undefined {
    return this.#meta;
  }

  /**
   * Takes chunk `nextSequence`; resolves when it is on disk. Await one before writing the next. Rejects with StorageError
   * `badSnapshot` (damaged, out of order, or of another cluster), or with NoRoom: then discard the sink and start over.
   */
  async write(bytes: Uint8Array): Promise<void> {
    const sequence = this.#nextSequence;
    const chunk = this.#parse(bytes, sequence);
    if ((chunk.kind === "head") !== (sequence === 0)) throw bad(sequence, `a ${chunk.kind} chunk is out of order`);
    if (this.#complete) throw bad(sequence, "it comes after the end");
    this.#nextSequence++;
    switch (chunk.kind) {
      case "head":
        if (chunk.formatVersion !== formatVersion)
          throw bad(sequence, `it has format ${chunk.formatVersion}, not ${formatVersion}`);
        if (chunk.clusterId !== this.#clusterId) throw bad(sequence, `it is of cluster ${chunk.clusterId}`);
        this.#meta = chunk.meta;
        return;
      case "rows":
        return this.#writeRows(chunk, sequence);
      case "end":
        if (chunk.rows !== this.#rows) throw bad(sequence, `${chunk.rows} rows were sent and ${this.#rows} received`);
        this.#complete = true;
        return;
      default:
        return unreachable(chunk);
    }
  }

  async #writeRows(chunk: Extract<SnapshotChunk, { readonly kind: "rows" }>, sequence: number): Promise<void> {
    const { table: name, rows } = chunk;
    if (!isTableName(name)) throw bad(sequence, `there is no table ${name}`);
    for (const [key, sealed] of rows) checkSeal(sealed, name, key);
    assert(this.#meta !== undefined, "rows before the head");
    this.#rows += rows.length;
    const write = this.environment.plan();
    for (const [key, sealed] of rows) write.table(name).put(key, sealed);
    await this.environment.commit(write);
  }

  #parse(bytes: Uint8Array, sequence: number): SnapshotChunk {
    try {
      return snapshotChunk(unseal(bytes, "snapshot", sequence));
    } catch (cause) {
      throw bad(sequence, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
}

function isTableName(name: string): name is TableName {
  return (tableNames as readonly string[]).includes(name);
}

function bad(sequence: number, why: string, cause?: unknown): StorageError {
  return new StorageError("badSnapshot", `chunk ${sequence} of a snapshot cannot be used: ${why}`, { cause });
}

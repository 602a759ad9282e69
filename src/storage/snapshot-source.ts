/**
 * This file reads a whole state as a numbered sequence of sealed chunks. All of them are of the moment in which the
 * source was opened, whatever is written meanwhile, and any chunk that was read once can be read again, so that a
 * transfer can be resumed. Memory is bounded by one chunk and a key for each chunk.
 */
import { assert } from "../base/assert.ts";
import { at } from "../base/at.ts";
import { type TableName, tableNames } from "../machine/state/tables.ts";
import type { SnapshotMeta } from "../raft/types.ts";
import type { Environment } from "./environment.ts";
import { asCorruptRecord } from "./errors.ts";
import { checkSeal, formatVersion, Sealer, type SnapshotChunk } from "./records.ts";

/** Where a chunk starts: at the row after `after` of a table; before the head, and after the last table, no row is. */
type Place =
  | { readonly kind: "head" }
  | { readonly kind: "rows"; readonly table: number; readonly after: string; readonly rows: number }
  | { readonly kind: "end"; readonly rows: number };

/** What is read, and how it is cut into chunks. */
export type SnapshotSourceOptions = {
  readonly clusterId: string;
  /** Describes the tables at this moment: the last applied entry and the membership in force there. */
  readonly meta: SnapshotMeta;
  /** Bytes; a chunk ends with the row that takes it past this. */
  readonly chunkBytesMax: number;
  /** Called with every error of a read, before it is thrown. */
  readonly onFailedRead: (error: unknown) => void;
};

/** A state at the moment of its opening. It pins pages of the file, so it must be closed. */
export class SnapshotSource {
  readonly meta: SnapshotMeta;
  readonly #options: SnapshotSourceOptions;
  readonly #environment: Environment;
  readonly #pin: Environment["pin"];
  readonly #places: Place[] = [{ kind: "head" }];
  #closed = false;
  #givenUpBecause: string | undefined;

  /** Pins the present state of `environment` until `close`; meanwhile pages that it uses are not given to new data. */
  constructor(environment: Environment, options: SnapshotSourceOptions) {
    this.meta = options.meta;
    this.#options = options;
    this.#environment = environment;
    environment.retain();
    this.#pin = environment.pin;
    this.#pin.transaction.use();
  }

  /**
   * Chunk `sequence`, from 0, as bytes to be handed to a SnapshotSink; null after the last. Read in order, or again.
   * Throws an Error when the snapshot was given up, and CorruptRecord rather than pass on a row that is not what was written.
   */
  read(sequence: number): Uint8Array | null {
    if (this.#givenUpBecause !== undefined) throw new Error(`the snapshot was given up: ${this.#givenUpBecause}`);
    assert(!this.#closed, "read of a closed snapshot");
    assert(sequence <= this.#places.length, `chunk ${sequence} before ${this.#places.length}`);
    if (sequence === this.#places.length) return null;
    const { chunk, next } = this.#checkedChunk(at(this.#places, sequence));
    if (sequence + 1 === this.#places.length && next !== undefined) this.#places.push(next);
    return new Sealer().seal(chunk, "snapshot", sequence);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Closes it; the reader's next `read` throws with the reason. */
  giveUp(reason: string): void {
    if (this.#closed) return;
    this.#givenUpBecause = reason;
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pin.transaction.done();
    this.#environment.release();
  }

  #checkedChunk(place: Place): { readonly chunk: SnapshotChunk; readonly next: Place | undefined } {
    try {
      return this.#chunk(place);
    } catch (error) {
      const failure = asCorruptRecord(error, "tables", place.kind);
      this.#options.onFailedRead(failure);
      throw failure;
    }
  }

  #chunk(place: Place): { readonly chunk: SnapshotChunk; readonly next: Place | undefined } {
    if (place.kind === "head") {
      const { clusterId, meta } = this.#options;
      return { chunk: { kind: "head", formatVersion, clusterId, meta }, next: this.#placeFrom({ table: 0, after: "", rows: 0 }) };
    }
    if (place.kind === "end") return { chunk: { kind: "end", rows: place.rows }, next: undefined };
    const table = at(tableNames, place.table);
    const rows: [string, Uint8Array][] = [];
    let bytes = 0;
    for (const [key, sealed] of this.#rows(table, place.after)) {
      checkSeal(sealed, table, key);
      rows.push([key, sealed]);
      bytes += key.length + sealed.byteLength;
      if (bytes >= this.#options.chunkBytesMax) break;
    }
    const after = rows.at(-1)?.[0] ?? "";
    return {
      chunk: { kind: "rows", table, rows },
      next: this.#placeFrom({ table: place.table, after, rows: place.rows + rows.length }),
    };
  }

  /** The first place at or after the given one where there is something to read. */
  #placeFrom(start: { readonly table: number; readonly after: string; readonly rows: number }): Place {
    let { table, after } = start;
    for (; table < tableNames.length; table++) {
      for (const _ of this.#rows(at(tableNames, table), after)) return { kind: "rows", table, after, rows: start.rows };
      after = "";
    }
    return { kind: "end", rows: start.rows };
  }

  *#rows(table: TableName, after: string): Iterable<readonly [key: string, sealed: Uint8Array]> {
    const bounds = after === "" ? { start: "\u0000" } : { start: after, exclusiveStart: true };
    for (const { key, value } of this.#environment.tables[table].getRange({ ...bounds, ...this.#pin })) yield [key, value];
  }
}

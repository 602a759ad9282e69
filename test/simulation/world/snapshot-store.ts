/**
 * This file is how one process of a simulated machine reads its state out in chunks, and puts another one together beside it.
 */
import { assert, unreachable } from "../../../src/base/assert.ts";
import { type TableWrite, tableNames } from "../../../src/machine/state/tables.ts";
import type { SnapshotSink, SnapshotSource, SnapshotStore } from "../../../src/node/snapshots/snapshot-transfer.ts";
import type { SnapshotMeta } from "../../../src/raft/types.ts";
import { MemoryTables } from "../../contracts/memory-tables.ts";
import type { DiskModel, StateImage } from "./disk-model.ts";
import { StateHash } from "./state-hash.ts";

/** What a chunk holds. The bytes that travel only stand for it: one for each row, so that a transfer has a size. */
type ChunkContent =
  | { readonly kind: "head"; readonly meta: SnapshotMeta }
  | { readonly kind: "rows"; readonly rows: readonly TableWrite[] }
  | { readonly kind: "end"; readonly rows: number };
type Content = { readonly sequence: number; readonly content: ChunkContent };

const contents = new WeakMap<Uint8Array, Content>();

/** Settles after some time of the disk, in the process; never once that is gone. */
type Worked = () => Promise<void>;

/** Into so many the rows of a state are cut. */
const chunksOfRows = 5;

/** The states that one process reads out, and the one that it receives. */
export class SimSnapshotStore implements SnapshotStore {
  readonly #disk: DiskModel;
  readonly #worked: Worked;
  readonly #sources = new Set<SnapshotSource>();
  #sink: StateSink | null = null;

  constructor(disk: DiskModel, worked: Worked) {
    this.#disk = disk;
    this.#worked = worked;
  }

  /** States that are being read out. */
  get openSources(): number {
    return this.#sources.size;
  }

  /** As in production, a state that is installed ends the reading of the one before. */
  openSnapshot({ meta }: { readonly meta: SnapshotMeta }): SnapshotSource {
    const disk = this.#disk;
    const { installs } = disk.counts;
    const chunks = chunksOf(disk.image(meta));
    const source: SnapshotSource = {
      read: (sequence) => {
        if (disk.counts.installs !== installs) throw new Error("the state was replaced");
        return chunks[sequence] ?? null;
      },
      close: () => void this.#sources.delete(source),
    };
    this.#sources.add(source);
    return source;
  }

  beginSnapshot(): SnapshotSink {
    const before = this.#sink;
    // What was installed is in the way of nobody.
    const isGone = before === null || (before.image !== null && this.#disk.received !== before.image);
    assert(isGone, "a snapshot is being received");
    this.#sink = new StateSink(this.#disk, this.#worked);
    return this.#sink;
  }

  async discardSnapshot(): Promise<void> {
    const sink = this.#sink;
    if (sink === null) return;
    this.#sink = null;
    if (sink.image !== null && this.#disk.received === sink.image) this.#disk.receive(null);
    await this.#worked();
  }
}

class StateSink implements SnapshotSink {
  readonly #disk: DiskModel;
  readonly #worked: Worked;
  readonly #tables = new MemoryTables();
  readonly #hash = new StateHash();
  #rows = 0;
  nextSequence = 0;
  meta: SnapshotMeta | undefined;
  /** Once it is whole. */
  image: StateImage | null = null;

  constructor(disk: DiskModel, worked: Worked) {
    this.#disk = disk;
    this.#worked = worked;
  }

  get complete(): boolean {
    return this.image !== null;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const sequence = this.nextSequence;
    const sealed = contents.get(chunk);
    // The seal of a chunk covers its place in its transfer, and says nothing of which transfer that is.
    if (sealed?.sequence !== sequence || this.complete) throw new Error(`chunk ${sequence} is out of order, or damaged`);
    const { content } = sealed;
    await this.#worked();
    if (this.#disk.isFull()) throw new Error("no room");
    this.nextSequence++;
    switch (content.kind) {
      case "head":
        this.meta = content.meta;
        return;
      case "rows":
        for (const row of content.rows) this.#take(row);
        return;
      case "end":
        this.#end(content.rows);
        return;
      default:
        unreachable(content);
    }
  }

  #take(row: TableWrite): void {
    if (row.record !== undefined) this.#tables.put(row.table, row.key, row.record);
    this.#hash.update(row);
    this.#rows++;
  }

  #end(rows: number): void {
    if (rows !== this.#rows || this.meta === undefined) throw new Error(`it has ${this.#rows} rows, not ${rows}`);
    this.image = { meta: this.meta, tables: this.#tables, hash: this.#hash };
    this.#disk.receive(this.image);
  }
}

/** A head, rows in some chunks, and the end. */
function chunksOf({ meta, tables }: StateImage): readonly Uint8Array[] {
  const rows = tableNames.flatMap((table) =>
    [...tables.range(table, {})].map(([key, record]) => ({ table, key, record }) as TableWrite),
  );
  const perChunk = Math.max(1, Math.ceil(rows.length / chunksOfRows));
  const parts: ChunkContent[] = [{ kind: "head", meta }];
  for (let from = 0; from < rows.length; from += perChunk) parts.push({ kind: "rows", rows: rows.slice(from, from + perChunk) });
  parts.push({ kind: "end", rows: rows.length });
  return parts.map((content, sequence) => {
    const chunk = new Uint8Array(content.kind === "rows" ? content.rows.length : 1);
    contents.set(chunk, { sequence, content });
    return chunk;
  });
}

/**
 * This file gathers what one write puts and removes, sealed, before LMDB is called (DECISIONS 48): only so is it known beforehand how far
 * the file may have to grow. There is no other way to write into an environment.
 */
import { assert } from "../base/assert.ts";
import { rowSpace, type TreeChange, type TreeShape } from "./growth.ts";

/** One of LMDB's databases, as far as a write needs it. */
export type Tree<Key> = {
  put(key: Key, value: Uint8Array): unknown;
  remove(key: Key): unknown;
  getStats(): unknown;
};

/** What a write does to one tree, in order. */
export class TreeWrite<Key extends string | number> {
  readonly #tree: Tree<Key>;
  readonly #rows: { readonly key: Key; readonly sealed: Uint8Array | undefined }[] = [];
  #scattered = 0;
  #appends = false;
  #bytesInPages = 0;
  #ownPages = 0;

  constructor(tree: Tree<Key>) {
    this.#tree = tree;
  }

  /** Puts a row anywhere, and replaces one with the same key. */
  put(key: Key, sealed: Uint8Array): void {
    this.#scattered += 1;
    this.#add(key, sealed);
  }

  /** Puts a row after all existing ones. */
  append(key: Key, sealed: Uint8Array): void {
    this.#appends = true;
    this.#add(key, sealed);
  }

  remove(key: Key): void {
    this.#scattered += 1;
    this.#rows.push({ key, sealed: undefined });
  }

  change(): TreeChange {
    return {
      shape: shapeOf(this.#tree),
      scattered: this.#scattered,
      appends: this.#appends,
      bytesInPages: this.#bytesInPages,
      ownPages: this.#ownPages,
    };
  }

  /** Within a transaction of LMDB. */
  carryOut(): void {
    for (const { key, sealed } of this.#rows) {
      if (sealed === undefined) void this.#tree.remove(key);
      else void this.#tree.put(key, sealed);
    }
  }

  #add(key: Key, sealed: Uint8Array): void {
    const { bytesInPages, ownPages } = rowSpace(keyBytes(key), sealed.byteLength);
    this.#bytesInPages += bytesInPages;
    this.#ownPages += ownPages;
    this.#rows.push({ key, sealed });
  }
}

/** One write of LMDB, of rows in many trees. */
export class PlannedWrite<TableName extends string> {
  readonly node: TreeWrite<string>;
  readonly log: TreeWrite<number>;
  readonly #trees: { readonly [Name in TableName]: Tree<string> };
  readonly #tables = new Map<TableName, TreeWrite<string>>();

  constructor(trees: {
    readonly node: Tree<string>;
    readonly log: Tree<number>;
    readonly tables: { readonly [Name in TableName]: Tree<string> };
  }) {
    this.node = new TreeWrite(trees.node);
    this.log = new TreeWrite(trees.log);
    this.#trees = trees.tables;
  }

  table(name: TableName): TreeWrite<string> {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const made = new TreeWrite(this.#trees[name]);
    this.#tables.set(name, made);
    return made;
  }

  changes(): readonly TreeChange[] {
    return [this.node.change(), this.log.change(), ...[...this.#tables.values()].map((table) => table.change())];
  }

  /** Within a transaction of LMDB. */
  carryOut(): void {
    this.node.carryOut();
    this.log.carryOut();
    for (const table of this.#tables.values()) table.carryOut();
  }
}

/** A log index takes eight bytes; a text, at most three for each UTF-16 unit. */
function keyBytes(key: string | number): number {
  return typeof key === "number" ? 8 : 3 * key.length;
}

function shapeOf(tree: Tree<never>): TreeShape {
  // lmdb's types do not say what its statistics hold.
  const shape = tree.getStats() as TreeShape;
  assert(Number.isSafeInteger(shape.treeDepth), "LMDB's statistics have no treeDepth");
  return shape;
}

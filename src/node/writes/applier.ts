/**
 * This file applies committed entries, a portion in each turn, so that messages, the clock and the disk are served in between
 * however many entries wait.
 */
import { assert } from "../../base/assert.ts";
import { type Applied, applyEntries } from "../../machine/apply.ts";
import type { StagedTables } from "../../machine/state/staged-tables.ts";
import type { Entry } from "../../raft/types.ts";
import type { Commands } from "./commands.ts";

/** Rows that one turn writes, roughly; an entry writes at most about a thousand more. Some 5 ms. */
const workPerTurn = 1_500;
/** Rows that may wait for the disk while it writes: its next write takes them all at once. */
const waitingRowsMax = 16_000;

/** An entry and the result of applying it. */
export type AppliedResult = { readonly entry: Entry } & Applied;

/** Committed entries that wait to be applied, in order. */
export class Applier {
  readonly #tables: StagedTables;
  readonly #commands: Commands;
  #entries: Entry[] = [];
  #held = false;

  constructor(tables: StagedTables, commands: Commands) {
    this.#tables = tables;
    this.#commands = commands;
  }

  /** Whether entries wait to be applied. */
  get pending(): boolean {
    return this.#entries.length > 0;
  }

  /** Whether a snapshot is being installed: waiting entries apply to the new state, which does not exist yet. */
  get isHeld(): boolean {
    return this.#held;
  }

  /** Whether nothing can be applied now. The end of the install, or of a write to disk, begins another turn. */
  get mustWait(): boolean {
    return this.#held || this.#tables.accumulatedRows > waitingRowsMax;
  }

  /** Takes committed entries, the next in order. */
  add(entries: readonly Entry[]): void {
    this.#entries = this.#entries.length === 0 ? [...entries] : [...this.#entries, ...entries];
  }

  /** A snapshot replaces the state: it contains the waiting entries, and later ones follow it. */
  hold(): void {
    this.#entries = [];
    this.#held = true;
  }

  /** The snapshot is installed. */
  release(): void {
    this.#held = false;
  }

  /** Applies the next portion; none when it must wait. */
  next(): readonly AppliedResult[] {
    if (this.mustWait) return [];
    const entries = this.#entries;
    const applied = applyEntries(this.#tables, this.#decoded(entries), workPerTurn);
    this.#entries = entries.slice(applied.length);
    return applied.map((result, position) => {
      const entry = entries[position];
      assert(entry !== undefined, `no entry at ${position}`);
      return { entry, ...result };
    });
  }

  *#decoded(entries: readonly Entry[]) {
    for (const entry of entries) yield this.#commands.open(entry);
  }
}

/**
 * This file is the two meta pages of a simulated store and the witness beside them, written when production writes them; whether
 * they contradict each other is decided by the production rule. A page is known by its checksums alone.
 */
import type { HardState } from "../../../src/raft/types.ts";
import { contradictionIn, type MetaPage, type WitnessRecord } from "../../../src/storage/witness.ts";
import type { RandomStream } from "./random.ts";

/** What a power cut may bring back: records that the system had not written yet are not there. */
const recordsKept = 4;

type Promised = { readonly hardState: HardState; readonly lastIndex: number };

/** The meta pages of one store. */
export class MetaPages {
  readonly #random: RandomStream;
  /** Checksums are told apart by counting: no two are equal by chance. */
  #sums = 0;
  /** The page of transaction t is at t modulo 2. */
  #pages: [MetaPage, MetaPage];
  /** The newest last; empty when none can be read. */
  #records: WitnessRecord[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
    this.#pages = [this.#page(0), this.#page(1)];
  }

  /** Another state takes the place of the present one, with pages of its own, and its witness is written before it counts. */
  begin(promised: Promised): void {
    this.#pages = [this.#page(0), this.#page(1)];
    this.#records = [];
    this.note(promised);
  }

  /** A transaction is on disk. */
  commit(): void {
    const transaction = this.#newest.transaction + 1;
    this.#pages[transaction % 2] = this.#page(transaction);
  }

  /** Before anybody is told of what is on disk. */
  note({ hardState, lastIndex }: Promised): void {
    const newest = this.#newest;
    const older = this.#pages[(newest.transaction + 1) % 2] ?? newest;
    this.#records.push({ newest, older, clusterId: "", nodeId: "", hardState, lastIndex });
    if (this.#records.length > recordsKept) this.#records.shift();
  }

  /** What the witness says; undefined when it cannot be read. */
  get witness(): WitnessRecord | undefined {
    return this.#records.at(-1);
  }

  /** The witness is not synced: a power cut may take its last records along, or all of it. */
  cutPower(): void {
    for (let left = this.#random.integer(0, recordsKept); left > 0; left--) this.#records.pop();
  }

  /** The store shows the transaction before the newest from now on: one page is bad, or shows another number. */
  takeBack(): void {
    const { transaction } = this.#newest;
    const place = transaction % 2;
    const older = this.#pages[1 - place];
    if (older !== undefined && this.#random.chance(0.5))
      this.#pages[1 - place] = { ...older, transaction: transaction + 1, checksum: ++this.#sums };
    else this.#pages[place] = this.#page(this.#random.pick([0, transaction - 2, transaction]));
  }

  /** Why the store cannot be what the witness saw, as production finds it at a start; undefined when it can. */
  contradiction(): string | undefined {
    return contradictionIn(this.#pages, this.witness);
  }

  get #newest(): MetaPage {
    const [even, odd] = this.#pages;
    return even.transaction > odd.transaction ? even : odd;
  }

  #page(transaction: number): MetaPage {
    return { transaction, contentChecksum: ++this.#sums, checksum: ++this.#sums };
  }
}

/**
 * This file keeps the targets of all open watches, equal ones once: a thousand clients with the same targets take the memory of
 * one, and messages that are written for one of them are used for all.
 */
import type { WatchTarget } from "../../src/node/service.ts";

/** Targets that are shared by watches. */
export type TargetSet = {
  /** Equal targets have equal ids, different ones never. */
  readonly id: number;
  readonly targets: readonly WatchTarget[];
};

type Kept = TargetSet & { readonly text: string; users: number };

/** The different targets of all open watches, with the number of their users. */
export class TargetSets {
  readonly #charactersMax: number;
  readonly #byText = new Map<string, Kept>();
  readonly #byId = new Map<number, Kept>();
  #characters = 0;
  #lastId = 0;

  /** At most `charactersMax` of different targets, written as JSON, are kept. */
  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** The set of these targets, to be released once; undefined when there is no room for another one. */
  take(targets: readonly WatchTarget[]): TargetSet | undefined {
    const text = JSON.stringify(targets);
    const known = this.#byText.get(text);
    if (known !== undefined) {
      known.users++;
      return known;
    }
    if (this.#characters + text.length > this.#charactersMax) return undefined;
    const kept: Kept = { id: ++this.#lastId, targets, text, users: 1 };
    this.#byText.set(text, kept);
    this.#byId.set(kept.id, kept);
    this.#characters += text.length;
    return kept;
  }

  release({ id }: TargetSet): void {
    const kept = this.#byId.get(id);
    if (kept === undefined || --kept.users > 0) return;
    this.#byId.delete(id);
    this.#byText.delete(kept.text);
    this.#characters -= kept.text.length;
  }
}

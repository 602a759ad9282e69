/**
 * This file finds the watches that select a change without looking at all of them: by kind and exact name, and by the
 * prefixes of the name that are watched. So a revision costs what it matches, however many watches are open.
 */
import type { WatchTarget } from "../../machine/change.ts";
import type { Subject } from "./watch-targets.ts";

/** Watches under a key or a prefix; never an empty set. */
type Places<Item> = Map<string, Set<Item>>;

type KindIndex<Item> = {
  readonly keys: Places<Item>;
  /** By length of the prefix: a name has one prefix of each length, so each length that is watched is one lookup. */
  readonly prefixes: Map<number, Places<Item>>;
};

/** Which of its items have a target that selects a subject. */
export class WatchIndex<Item> {
  readonly #kinds: { readonly [Kind in "config" | "lock" | "lease"]: KindIndex<Item> } = {
    config: { keys: new Map(), prefixes: new Map() },
    lock: { keys: new Map(), prefixes: new Map() },
    lease: { keys: new Map(), prefixes: new Map() },
  };
  readonly #ofMembers = new Set<Item>();

  /** An item may have targets that overlap or are equal. Each item is added once, and deleted with the same targets. */
  add(item: Item, targets: readonly WatchTarget[]): void {
    for (const target of targets) {
      if (target.kind === "member") {
        this.#ofMembers.add(item);
        continue;
      }
      const { keys, prefixes } = this.#kinds[target.kind];
      if ("key" in target) {
        addTo(keys, target.key, item);
        continue;
      }
      const ofLength = prefixes.get(target.prefix.length) ?? new Map();
      prefixes.set(target.prefix.length, ofLength);
      addTo(ofLength, target.prefix, item);
    }
  }

  delete(item: Item, targets: readonly WatchTarget[]): void {
    for (const target of targets) {
      if (target.kind === "member") {
        this.#ofMembers.delete(item);
        continue;
      }
      const { keys, prefixes } = this.#kinds[target.kind];
      if ("key" in target) {
        deleteFrom(keys, target.key, item);
        continue;
      }
      const ofLength = prefixes.get(target.prefix.length);
      if (ofLength === undefined) continue;
      deleteFrom(ofLength, target.prefix, item);
      if (ofLength.size === 0) prefixes.delete(target.prefix.length);
    }
  }

  /** Calls `visit` for every item with a target that selects `subject`; more than once when several targets do. */
  visit({ kind, name }: Subject, visit: (item: Item) => void): void {
    if (kind === "member") {
      for (const item of this.#ofMembers) visit(item);
      return;
    }
    const { keys, prefixes } = this.#kinds[kind];
    for (const item of keys.get(name) ?? []) visit(item);
    for (const [length, places] of prefixes) {
      if (length > name.length) continue;
      for (const item of places.get(name.slice(0, length)) ?? []) visit(item);
    }
  }
}

function addTo<Item>(places: Places<Item>, at: string, item: Item): void {
  const items = places.get(at);
  if (items === undefined) places.set(at, new Set([item]));
  else items.add(item);
}

function deleteFrom<Item>(places: Places<Item>, at: string, item: Item): void {
  const items = places.get(at);
  items?.delete(item);
  if (items?.size === 0) places.delete(at);
}

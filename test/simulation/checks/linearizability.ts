/**
 * This file decides whether what clients saw can be explained by one order of operations on each key, each taking
 * effect between its call and its return (Herlihy and Wing). The search is Wing and Gong's with Lowe's cache of visited
 * configurations, split by key, and with pure operations taken as soon as they fit: what never changes a state cannot
 * close a way. It gives up after a budget of steps, and giving up counts as a failure.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";
import { type CommittedWrite, describeOperation, type KeyOperation } from "../clients/history.ts";
import {
  type CompiledOperation,
  compileOperations,
  initialState,
  type RegisterMode,
  type RegisterState,
  stepRegister,
} from "./register-model.ts";

/** How a history is judged. */
export type LinearizabilityOptions = {
  readonly mode: RegisterMode;
  /** Tried placements of one operation, per key. 5 million are some seconds. */
  readonly stepsMax: number;
  /** Everything the log holds in the end, when the run knows it; null judges by the clients' word alone. */
  readonly committed: readonly CommittedWrite[] | null;
};

/** The result for a history: one order was found, none exists, or the search was given up. */
export type Verdict =
  | { readonly kind: "ok"; readonly steps: number }
  /** `order` is the longest order found; no operation of `stuck` can come next, though one of them had to. */
  | {
      readonly kind: "illegal";
      readonly key: string;
      readonly order: readonly KeyOperation[];
      readonly stuck: readonly KeyOperation[];
    }
  | { readonly kind: "unknown"; readonly key: string; readonly steps: number };

/** The first verdict that is not ok, keys in order of appearance; else ok with the steps of all keys. */
export function checkLinearizable(history: readonly KeyOperation[], options: LinearizabilityOptions): Verdict {
  const byKey = new Map<string, KeyOperation[]>();
  for (const operation of history) {
    const list = byKey.get(operation.key);
    if (list === undefined) byKey.set(operation.key, [operation]);
    else list.push(operation);
  }
  const committedByKey = new Map<string, CommittedWrite[]>();
  for (const write of options.committed ?? []) {
    const list = committedByKey.get(write.key);
    if (list === undefined) committedByKey.set(write.key, [write]);
    else list.push(write);
  }
  let steps = 0;
  for (const [key, operations] of byKey) {
    const committed = options.committed === null ? null : (committedByKey.get(key) ?? []);
    const compiled = compileOperations(operations, { committed });
    const search = new Search(compiled, options);
    switch (search.run()) {
      case "ok":
        steps += search.steps;
        continue;
      case "unknown":
        return { kind: "unknown", key, steps: search.steps };
      default:
        return { kind: "illegal", key, ...new Search(compiled, options).runTo(search.deepest) };
    }
  }
  return { kind: "ok", steps };
}

/** Writes a verdict for people: the end of the longest order, and what could not follow it. */
export function describeVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case "ok":
      return `linearizable (${verdict.steps} steps)`;
    case "unknown":
      return `key ${verdict.key}: undecided after ${verdict.steps} steps`;
    case "illegal":
      return [
        `key ${verdict.key}: not linearizable. The longest order ends with`,
        ...verdict.order.slice(-12).map((operation) => `  ${describeOperation(operation)}`),
        "and none of these can come next:",
        ...verdict.stuck.slice(0, 12).map((operation) => `  ${describeOperation(operation)}`),
      ].join("\n");
    default:
      return unreachable(verdict);
  }
}

const NONE = -1;

/** A configuration seen before: which operations were placed (whole words from `low` on), and the state they led to. */
type Visited = {
  readonly low: number;
  readonly words: Uint32Array;
  readonly state: RegisterState;
  readonly next: Visited | null;
};

/** A placed operation, the state before it, and whether it was taken eagerly (then there is nothing to try instead). */
type Placed = { readonly operation: number; readonly before: RegisterState; readonly forced: boolean };

/** The search over one key. Node `i` is the call of operation `i`, node `count + i` its return, node `2 * count` the head. */
class Search {
  readonly #operations: readonly CompiledOperation[];
  readonly #mode: RegisterMode;
  readonly #stepsMax: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  readonly #placedWords: Uint32Array;
  readonly #keys: Int32Array;
  /** Of a write whose place among all is known: how many of those come before it; else NONE. */
  readonly #ranks: Int32Array;
  readonly #visited = new Map<number, Visited>();
  readonly #stack: Placed[] = [];
  #hash = 0;
  #state: RegisterState = initialState;
  #requiredLeft = 0;
  #rankedPlaced = 0;
  #steps = 0;
  #deepest = 0;

  constructor(operations: readonly CompiledOperation[], options: LinearizabilityOptions) {
    const count = operations.length;
    this.#operations = operations;
    this.#mode = options.mode;
    this.#stepsMax = options.stepsMax;
    this.#head = 2 * count;
    this.#next = new Int32Array(2 * count + 1).fill(NONE);
    this.#previous = new Int32Array(2 * count + 1).fill(NONE);
    this.#placedWords = new Uint32Array((count + 31) >>> 5);
    this.#keys = new Int32Array(count);
    this.#ranks = ranksOf(operations, options.mode);
    let random = 0x9e3779b9;
    for (let i = 0; i < count; i++) {
      random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
      this.#keys[i] = Math.imul(random ^ (random >>> 12), 0x297a2d39) ^ (random >>> 15);
    }
    this.#link();
  }

  /** Orders calls and returns by time; at one time calls come first, so that touching intervals count as concurrent. */
  #link(): void {
    const count = this.#operations.length;
    const nodes: number[] = [];
    this.#operations.forEach((operation, i) => {
      nodes.push(i);
      if (operation.returnedAt !== Number.POSITIVE_INFINITY) nodes.push(count + i);
      if (operation.required) this.#requiredLeft++;
    });
    const timeOf = (node: number): number =>
      node < count ? at(this.#operations, node).calledAt : at(this.#operations, node - count).returnedAt;
    nodes.sort((a, b) => timeOf(a) - timeOf(b) || Number(a >= count) - Number(b >= count) || a - b);
    let last = this.#head;
    for (const node of nodes) {
      this.#next[last] = node;
      this.#previous[node] = last;
      last = node;
    }
  }

  get steps(): number {
    return this.#steps;
  }

  /** The most operations that were ever placed when the way was found closed. */
  get deepest(): number {
    return this.#deepest;
  }

  run(): "ok" | "illegal" | "unknown" {
    return this.#search(Number.POSITIVE_INFINITY);
  }

  /** Repeats a search up to where it first was `depth` deep with the way closed, to tell what it looked like there. */
  runTo(depth: number): { readonly order: readonly KeyOperation[]; readonly stuck: readonly KeyOperation[] } {
    this.#search(depth);
    const source = (i: number): KeyOperation => at(this.#operations, i).source;
    const stuck: KeyOperation[] = [];
    const count = this.#operations.length;
    for (let node = this.#following(this.#head); node !== NONE && node < count; node = this.#following(node))
      stuck.push(source(node));
    return { order: this.#stack.map((placed) => source(placed.operation)), stuck };
  }

  #search(depthMax: number): "ok" | "illegal" | "unknown" {
    const count = this.#operations.length;
    this.#takePure();
    let node = this.#following(this.#head);
    while (this.#requiredLeft > 0) {
      if (node === NONE || node >= count) {
        this.#deepest = Math.max(this.#deepest, this.#stack.length);
        if (this.#stack.length >= depthMax) return "illegal";
        const undone = this.#undo();
        if (undone === NONE) return "illegal";
        node = this.#following(undone);
        continue;
      }
      if (!at(this.#operations, node).pure) {
        if (++this.#steps > this.#stepsMax) return "unknown";
        if (this.#tryPlace(node)) {
          this.#takePure();
          node = this.#following(this.#head);
          continue;
        }
      }
      node = this.#following(node);
    }
    return "ok";
  }

  #following(node: number): number {
    return this.#next[node] ?? NONE;
  }

  /** Takes every pure operation that may come next and fits, until none does. */
  #takePure(): void {
    const count = this.#operations.length;
    let node = this.#following(this.#head);
    while (node !== NONE && node < count) {
      const operation = at(this.#operations, node);
      if (operation.pure && stepRegister(this.#state, operation, this.#mode) !== null) {
        this.#place(node, this.#state, true);
        // Its return may have been the border after which more calls wait.
        node = this.#following(this.#head);
      } else node = this.#following(node);
    }
  }

  #tryPlace(node: number): boolean {
    // One that is passed over could never be placed any more.
    const rank = this.#ranks[node] ?? NONE;
    if (rank !== NONE && rank !== this.#rankedPlaced) return false;
    const after = stepRegister(this.#state, at(this.#operations, node), this.#mode);
    if (after === null) return false;
    this.#flip(node);
    const isNew = this.#visit(after);
    this.#flip(node);
    if (!isNew) return false;
    this.#place(node, after, false);
    return true;
  }

  #place(node: number, after: RegisterState, forced: boolean): void {
    this.#stack.push({ operation: node, before: this.#state, forced });
    this.#flip(node);
    this.#state = after;
    const operation = at(this.#operations, node);
    if (operation.required) this.#requiredLeft--;
    if (this.#ranks[node] !== NONE) this.#rankedPlaced++;
    this.#unlink(node);
    if (operation.returnedAt !== Number.POSITIVE_INFINITY) this.#unlink(node + this.#operations.length);
  }

  /** Takes back placements up to and including the last one that was a choice; returns it, or NONE. */
  #undo(): number {
    for (;;) {
      const placed = this.#stack.pop();
      if (placed === undefined) return NONE;
      const operation = at(this.#operations, placed.operation);
      if (operation.returnedAt !== Number.POSITIVE_INFINITY) this.#relink(placed.operation + this.#operations.length);
      this.#relink(placed.operation);
      if (operation.required) this.#requiredLeft++;
      if (this.#ranks[placed.operation] !== NONE) this.#rankedPlaced--;
      this.#flip(placed.operation);
      this.#state = placed.before;
      if (!placed.forced) return placed.operation;
    }
  }

  #unlink(node: number): void {
    const before = this.#previous[node] ?? NONE;
    const after = this.#following(node);
    this.#next[before] = after;
    if (after !== NONE) this.#previous[after] = before;
  }

  /** Undoes the matching `#unlink`; calls must come in the exact reverse order. */
  #relink(node: number): void {
    const before = this.#previous[node] ?? NONE;
    const after = this.#following(node);
    this.#next[before] = node;
    if (after !== NONE) this.#previous[after] = node;
  }

  #flip(operation: number): void {
    const word = operation >>> 5;
    this.#placedWords[word] = (this.#placedWords[word] ?? 0) ^ (1 << (operation & 31));
    this.#hash ^= this.#keys[operation] ?? 0;
  }

  /** Remembers the present set of placed operations with `state`; false when they were met before. */
  #visit(state: RegisterState): boolean {
    const words = this.#placedWords;
    let low = 0;
    while (low < words.length && words[low] === 0xffffffff) low++;
    let high = words.length;
    while (high > low && words[high - 1] === 0) high--;
    const hash = (this.#hash ^ Math.imul(state.value + 1, 0x85ebca6b) ^ Math.imul(state.revision + 2, 0xc2b2ae35)) | 0;
    const first = this.#visited.get(hash) ?? null;
    for (let seen = first; seen !== null; seen = seen.next) {
      if (seen.low !== low || seen.words.length !== high - low || !sameState(seen.state, state)) continue;
      let i = 0;
      while (i < seen.words.length && seen.words[i] === words[low + i]) i++;
      if (i === seen.words.length) return false;
    }
    this.#visited.set(hash, { low, words: words.slice(low, high), state, next: first });
    return true;
  }
}

/** Required writes follow each other in the order of their revisions, by the answers or by the log. */
function ranksOf(operations: readonly CompiledOperation[], mode: RegisterMode): Int32Array {
  const placeOf = ({ rule, required }: CompiledOperation): number | null => {
    if (rule.kind !== "write" || !required) return null;
    return mode === "values" ? rule.order : rule.revision;
  };
  const ranked = operations.flatMap((operation, node) => {
    const place = placeOf(operation);
    return place === null ? [] : [{ node, place }];
  });
  ranked.sort((a, b) => a.place - b.place || a.node - b.node);
  const ranks = new Int32Array(operations.length).fill(NONE);
  for (const [rank, { node }] of ranked.entries()) ranks[node] = rank;
  return ranks;
}

function sameState(a: RegisterState, b: RegisterState): boolean {
  return a.value === b.value && a.revision === b.revision && a.revisionKnown === b.revisionKnown;
}

/**
 * This file is the watch of the client: an async iterator over the changes of the store. It continues on another node when
 * its node fails, with no gap and no repeat.
 */
import type * as wire from "../generated/types.ts";
import { linkedController, pause } from "./environment.ts";
import type { Transport } from "./transport.ts";
import { type CursorItem, WatchCursor, type WatchStart } from "./watch-cursor.ts";
import { type SessionMessage, WatchSession } from "./watch-session.ts";

/** Options of `client.watch`. */
export type WatchOptions = {
  /** What to watch; `prefix` is short for config keys under it. Exactly one of the two. */
  readonly targets?: readonly wire.WatchTarget[];
  readonly prefix?: string;
  /** `snapshot` (default): a snapshot, then changes. `now`: only changes. A revision: changes from it on. */
  readonly from?: WatchStart;
  /** The store that a saved revision belongs to, so that a restored store is noticed. */
  readonly storeId?: string;
  /** Start over with a snapshot when the wanted revisions are no longer kept, instead of failing. Default false. */
  readonly resync?: boolean;
  readonly signal?: AbortSignal;
};

/** Why a watch cannot go on. */
export type WatchFailure = Omit<wire.WatchError, "watchId">;

/** What a watch yields. `failed` is always the last item; a watch that is closed ends without it. */
export type WatchItem = CursorItem | { readonly kind: "failed"; readonly error: WatchFailure };

/**
 * A watch, to be iterated once.
 *
 * @example
 * ```ts
 * const watch = client.watch({ prefix: "payments/" });
 * for await (const item of watch) {
 *   if (item.kind === "snapshot") console.log("at", item.revision, item.config.length, "keys");
 *   if (item.kind === "events") for (const event of item.events) console.log(item.revision, event.kind);
 *   if (item.kind === "failed") console.log("the watch cannot go on:", item.error.code);
 * }
 * ```
 */
export type Watch = AsyncIterable<WatchItem> & {
  /** Ends the iteration after the present item. */
  readonly close: () => void;
  /** The id of the watched store, to be saved with a revision. Undefined until a node has answered. */
  readonly storeId: () => string | undefined;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Makes a watch, which connects when its iteration begins. Throws TypeError unless there are targets or a prefix, but not both. */
export function openWatch(transport: Transport, options: WatchOptions): Watch {
  const closing = new AbortController();
  const run = new WatchRun(transport, options, closing.signal);
  const items = run.items();
  const close = () => closing.abort();
  return {
    [Symbol.asyncIterator]: () => items,
    close,
    storeId: () => run.storeId,
    [Symbol.asyncDispose]: async () => {
      close();
      await items.return(undefined);
    },
  };
}

/** How a session ended: `next` says whether the watch can go on, and how soon. */
type SessionEnd =
  | { readonly next: "retry"; readonly workedForAWhile: boolean }
  | { readonly next: "restart" }
  | { readonly next: "fail"; readonly error: WatchFailure };

/** Snapshots in a row that compaction may overtake: after so many the store changes faster than they can be read. */
const snapshotAttemptsMax = 8;

class WatchRun {
  storeId: string | undefined;
  readonly #transport: Transport;
  readonly #options: WatchOptions;
  readonly #targets: readonly wire.WatchTarget[];
  readonly #cursor: WatchCursor;
  readonly #closing: AbortSignal;
  /** When nodes began to answer that the wanted revision is in their future; they may only lag. */
  #futureSinceMs: number | undefined;
  /** Snapshots in a row that compaction overtook. */
  #snapshotsOvertaken = 0;

  constructor(transport: Transport, options: WatchOptions, closing: AbortSignal) {
    this.#transport = transport;
    this.#options = options;
    this.#closing = closing;
    this.#targets = toTargets(options);
    this.#cursor = new WatchCursor(options.from ?? "snapshot");
    this.storeId = options.storeId;
  }

  async *items(): AsyncGenerator<WatchItem, undefined, undefined> {
    const { settings, closed, endpoints, backoffMs } = this.#transport;
    const { controller, unlink } = linkedController([closed, this.#options.signal, this.#closing]);
    const { signal } = controller;
    try {
      for (let failures = 0; !signal.aborted; ) {
        const endpoint = endpoints.current();
        const end = yield* this.#session(endpoint, signal);
        if (signal.aborted) return;
        if (end.next === "fail") {
          yield { kind: "failed", error: end.error };
          return;
        }
        if (end.next === "restart") {
          this.#cursor.restart();
          this.storeId = undefined;
        }
        failures = end.next === "retry" && end.workedForAWhile ? 0 : failures + 1;
        endpoints.leave(endpoint);
        await pause(settings.environment.clock, backoffMs(failures), signal);
      }
    } finally {
      unlink();
    }
  }

  async *#session(endpoint: string, signal: AbortSignal): AsyncGenerator<WatchItem, SessionEnd, undefined> {
    const { settings } = this.#transport;
    const session = new WatchSession({
      endpoint,
      headers: settings.headers,
      timeoutMs: settings.attemptTimeoutMs,
      environment: settings.environment,
      signal,
    });
    let workedForAWhile = false;
    try {
      for (;;) {
        const message = await session.next();
        if (signal.aborted) return { next: "retry", workedForAWhile };
        if (message.kind === "dead") return { next: "retry", workedForAWhile };
        if (message.kind === "refused") return this.#afterRefusal(message.error, workedForAWhile);
        if (message.kind === "hello") {
          const end = this.#greet(session, message.hello);
          if (end !== undefined) return end;
          continue;
        }
        workedForAWhile = true;
        this.#futureSinceMs = undefined;
        // Looked at before each item: what was closed while the consumer had one ends with that.
        for (const item of this.#take(message)) {
          if (signal.aborted) return { next: "retry", workedForAWhile };
          yield item;
        }
        if (signal.aborted) return { next: "retry", workedForAWhile };
        // The consumer asked for more, so it has taken these.
        if (message.kind === "snapshot") session.acknowledge(message.part.seq);
        if (message.kind === "events") session.acknowledge(message.message.seq);
      }
    } finally {
      session.close();
    }
  }

  #greet(session: WatchSession, hello: wire.Hello): SessionEnd | undefined {
    if (this.storeId !== undefined && this.storeId !== hello.storeId) {
      const detail = `the store is ${hello.storeId}, the watch began on ${this.storeId}`;
      return this.#afterRefusal({ watchId: "", code: "store_changed", detail, storeId: hello.storeId }, false);
    }
    this.storeId = hello.storeId;
    session.open({ targets: this.#targets, from: this.#cursor.reopen(), storeId: hello.storeId });
    return undefined;
  }

  #take(message: Exclude<SessionMessage, { readonly kind: "hello" | "refused" | "dead" }>): readonly CursorItem[] {
    switch (message.kind) {
      case "opened":
        this.#cursor.takeOpened(message.startRevision);
        return [];
      case "snapshot":
        this.#cursor.takeSnapshot(message.part);
        return [];
      case "synced":
        this.#snapshotsOvertaken = 0;
        return this.#cursor.takeSynced(message.message);
      case "events":
        return this.#cursor.takeEvents(message.message);
      case "progress":
        return this.#cursor.takeProgress(message.message);
      default:
        return message satisfies never;
    }
  }

  #afterRefusal(refusal: wire.WatchError, workedForAWhile: boolean): SessionEnd {
    const { watchId: _, ...error } = refusal;
    switch (error.code) {
      case "slow_consumer":
      case "shutting_down":
      case "recovering":
      // Another node, or the same one later, may succeed.
      case "internal":
        return { next: "retry", workedForAWhile };
      case "compacted":
        // Nothing of it was yielded yet, so it can begin again without a gap.
        if (this.#cursor.awaitsSnapshot && ++this.#snapshotsOvertaken < snapshotAttemptsMax) {
          return { next: "retry", workedForAWhile: false };
        }
        return this.#options.resync === true ? { next: "restart" } : { next: "fail", error };
      case "store_changed":
        return this.#options.resync === true ? { next: "restart" } : { next: "fail", error };
      case "future_revision": {
        const { environment, requestTimeoutMs } = this.#transport.settings;
        const nowMs = environment.clock.monotonicMs();
        this.#futureSinceMs ??= nowMs;
        if (nowMs - this.#futureSinceMs < requestTimeoutMs) return { next: "retry", workedForAWhile };
        return { next: "fail", error };
      }
      case "invalid_request":
      case "limit_reached":
        return { next: "fail", error };
      default:
        error.code satisfies never;
        // A newer node may send unknown codes; waiting helps with none of them.
        return { next: "fail", error };
    }
  }
}

function toTargets(options: WatchOptions): readonly wire.WatchTarget[] {
  const { targets, prefix } = options;
  if (targets !== undefined && prefix === undefined) return targets;
  if (prefix !== undefined && targets === undefined) return [{ kind: "config", prefix }];
  throw new TypeError("a watch needs targets or a prefix, not both");
}

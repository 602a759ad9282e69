/**
 * This file is one open watch on one socket: a snapshot if it was asked for, then history, then live changes, each
 * revision once and in order. It reads from the service only while the client has credit and the socket takes what is
 * sent, so a slow client costs no memory here: it falls back to history, and is cut off in the end.
 */
import { unreachable } from "../../src/base/assert.ts";
import type { Result } from "../../src/base/result.ts";
import {
  type KeyholdService,
  toRevision,
  type Watch,
  type WatchRefusal,
  type WatchSnapshot,
  type WatchTarget,
} from "../../src/node/service.ts";
import type { WatchLimits } from "../context.ts";
import type { Schemas } from "../contract/contract.ts";
import type { SocketOutlet } from "./socket-outlet.ts";
import type { TargetSet } from "./target-sets.ts";
import type { WatchWriter } from "./watch-messages.ts";

/** Why a watch ended, as it is sent to the client. */
export type WatchEnd = Omit<Schemas["WatchError"], "watchId">;

/** What one stream sends, where, and within which bounds. */
export type WatchStreamOptions = {
  readonly watchId: string;
  readonly targets: TargetSet;
  readonly watch: Watch;
  /** The snapshot, if the client asked for one; `watch` begins right after it. */
  readonly snapshot: WatchSnapshot | null;
  readonly outlet: SocketOutlet;
  readonly writer: WatchWriter;
  readonly limits: WatchLimits;
  /** The revision that this node has reached. */
  readonly present: () => number;
  /** Called once, when the watch ended by itself; the reason was sent to the client. */
  readonly onEnd: () => void;
};

/** Sends one watch. It works only in `step`, so that many streams take turns. */
export class WatchStream {
  readonly #options: WatchStreamOptions;
  readonly #watchIdJson: string;
  #snapshot: WatchSnapshot | null;
  #synced = false;
  #ended = false;
  #lastSeq = 0;
  #unacknowledged: { readonly seq: number; readonly bytes: number }[] = [];
  /** When it last had something to send and no credit to send it; null while it has credit. */
  #blockedSinceMs: number | null = null;
  #lastHeardMs: number;
  #lastSentMs: number;

  constructor(options: WatchStreamOptions, nowMs: number) {
    this.#options = options;
    this.#watchIdJson = JSON.stringify(options.watchId);
    this.#snapshot = options.snapshot;
    this.#lastHeardMs = nowMs;
    this.#lastSentMs = nowMs;
  }

  /**
   * A bounded piece of work: sends at most one large message. False when nothing is left to do before the watch is ready
   * again, or before the client acknowledges something.
   */
  step(nowMs: number): boolean {
    if (this.#ended) return false;
    if (!this.#hasCredit()) {
      this.#blockedSinceMs ??= nowMs;
      return false;
    }
    this.#blockedSinceMs = null;
    return this.#snapshot === null ? this.#sendEvents(nowMs) : this.#sendPage(this.#snapshot, nowMs);
  }

  /** The client took everything up to `seq`. */
  acknowledge(seq: number, nowMs: number): void {
    this.#lastHeardMs = nowMs;
    let taken = 0;
    for (const message of this.#unacknowledged) {
      if (message.seq > seq) break;
      this.#options.outlet.unacknowledgedBytes -= message.bytes;
      taken += 1;
    }
    this.#unacknowledged.splice(0, taken);
  }

  /** True while it has something to send and no credit, for at least `ms`. */
  blockedFor(ms: number, nowMs: number): boolean {
    return this.#blockedSinceMs !== null && nowMs - this.#blockedSinceMs >= ms;
  }

  /** True while the client owes acknowledgements and was silent for at least `ms`. */
  silentFor(ms: number, nowMs: number): boolean {
    return this.#unacknowledged.length > 0 && nowMs - this.#lastHeardMs >= ms;
  }

  /** Sends progress if nothing was sent for a while. */
  reportProgress(nowMs: number): void {
    if (!this.#synced || this.#ended || nowMs - this.#lastSentMs < this.#options.limits.progressIntervalMs) return;
    // A blocked watch has events to send, which show its progress.
    if (this.#blockedSinceMs !== null) return;
    this.#send("watch:progress", `"revision":${this.#options.watch.revision}`, nowMs);
  }

  /** Ends it and sends the client the reason; nothing follows under its id. */
  fail(end: WatchEnd): void {
    if (this.#ended) return;
    this.close();
    this.#options.outlet.send("watch:error", JSON.stringify({ watchId: this.#options.watchId, ...end }));
    this.#options.onEnd();
  }

  /** Ends it without a message. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.acknowledge(this.#lastSeq, this.#lastHeardMs);
    this.#snapshot?.close();
    this.#options.watch.close();
  }

  #hasCredit(): boolean {
    const { limits, outlet } = this.#options;
    return this.#unacknowledged.length < limits.windowPackets && outlet.unacknowledgedBytes < limits.windowBytes;
  }

  #sendPage(snapshot: WatchSnapshot, nowMs: number): boolean {
    const { writer, targets, limits } = this.#options;
    const page = writer.pageTail(targets, snapshot, limits.packetBytesMax);
    if (!page.ok) {
      this.fail(endOf(page.error));
      return false;
    }
    const { tail, done } = page.value;
    if (tail !== null) this.#sendCounted("watch:snapshot", tail, nowMs);
    if (!done) return true;
    this.#snapshot = null;
    this.#sendSynced(snapshot.revision, nowMs);
    return true;
  }

  #sendEvents(nowMs: number): boolean {
    const { watch, limits, writer, targets } = this.#options;
    const next = watch.next({ batchesMax: limits.batchesPerPacketMax, bytesMax: limits.packetBytesMax });
    if (!next.ok) {
      this.fail(endOf(next.error));
      return false;
    }
    if (next.value.length === 0) {
      // An empty result does not mean the end: of a long history that matches little, `next` reads a part at a time, and the
      // watch reports itself that it is ready again.
      if (!this.#synced && watch.revision >= this.#options.present()) this.#sendSynced(watch.revision, nowMs);
      return false;
    }
    this.#sendCounted("watch:events", writer.eventsTail(targets, next.value), nowMs);
    return true;
  }

  #sendSynced(revision: number, nowMs: number): void {
    this.#synced = true;
    this.#send("watch:synced", `"revision":${revision}`, nowMs);
  }

  #sendCounted(event: string, tail: Buffer, nowMs: number): void {
    this.#lastSeq += 1;
    if (this.#unacknowledged.length === 0) this.#lastHeardMs = nowMs;
    this.#unacknowledged.push({ seq: this.#lastSeq, bytes: tail.length });
    this.#options.outlet.unacknowledgedBytes += tail.length;
    this.#lastSentMs = nowMs;
    this.#options.outlet.sendLarge(event, { head: `{"watchId":${this.#watchIdJson},"seq":${this.#lastSeq},`, tail });
  }

  #send(event: string, fields: string, nowMs: number): void {
    this.#lastSentMs = nowMs;
    this.#options.outlet.send(event, `{"watchId":${this.#watchIdJson},${fields}}`);
  }
}

/** What was opened: the watch, its first revision, and the snapshot if one was asked for. */
export type OpenedWatch = { readonly watch: Watch; readonly snapshot: WatchSnapshot | null; readonly startRevision: number };

/** Opens a watch at `from`. A snapshot and the watch after it are opened in the same call, so there is no gap between them. */
export function openAt(
  service: Pick<KeyholdService, "openWatch" | "openSnapshot" | "position">,
  request: {
    readonly targets: readonly WatchTarget[];
    /** The store that the client has seen; null when it has seen none. */
    readonly storeId: string | null;
    readonly from: number | "snapshot" | "now";
    readonly onReady: () => void;
  },
): Result<OpenedWatch, WatchRefusal> {
  const { targets, storeId, from, onReady } = request;
  const present = from === "snapshot" ? service.openSnapshot(targets) : null;
  if (present?.ok === false) return present;
  const snapshot = present?.value ?? null;
  const start = typeof from === "number" ? from : snapshot === null ? null : snapshot.revision + 1;
  const opened = service.openWatch({ targets, storeId, from: start === null ? null : toRevision(start), onReady });
  if (opened.ok) {
    return { ok: true, value: { watch: opened.value, snapshot, startRevision: start ?? service.position().revision + 1 } };
  }
  snapshot?.close();
  return opened;
}

/** Closes what was opened, when it is not needed any more. */
export function closeOpened({ watch, snapshot }: OpenedWatch): void {
  snapshot?.close();
  watch.close();
}

/** A refusal of the service as an error of the watch protocol. */
export function endOf(refusal: WatchRefusal): WatchEnd {
  switch (refusal.kind) {
    case "compacted": {
      const { compactRevision } = refusal;
      const detail = `The oldest revision that is kept is ${compactRevision}; open again from a snapshot.`;
      return { code: "compacted", detail, compactRevision };
    }
    case "futureRevision":
      return { code: "future_revision", detail: "That revision does not exist yet.", revision: refusal.revision };
    case "recovering":
      return {
        code: "recovering",
        detail: "This node lost data and does not have it back from a leader yet; continue at another one.",
      };
    case "storeChanged": {
      const { storeId } = refusal;
      return { code: "store_changed", detail: "Revisions of another store mean nothing here; open from a snapshot.", storeId };
    }
    default:
      return unreachable(refusal);
  }
}

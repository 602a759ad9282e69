/**
 * This file reads the body of a request into memory, up to a limit and within the budget of all bodies. Bytes beyond the limit are
 * still read and dropped for a while, so that a client that is still sending can read why it was refused.
 */
import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { BodyBudget } from "./body-budget.ts";

/** Why a body could not be read. */
export type BodyFailure =
  /** `drained` is false when the rest was left unread: the connection must be closed. */
  | { readonly kind: "tooLarge"; readonly drained: boolean }
  /** The bodies of all connections took too much memory, and this one was ended: the connection must be closed. */
  | { readonly kind: "noRoom" }
  /** The client went away; nobody is there to answer. */
  | { readonly kind: "aborted" };

/** The most bytes of this body, and the budget of all bodies. */
export type BodyOptions = { readonly bytesMax: number; readonly budget: BodyBudget };

/** Bytes beyond the limit that are read and dropped before the connection is closed. */
const drainBytesMax = 4 * 1024 * 1024;
/** Bytes that are allocated first for a body that arrives in pieces. */
const storageBytesMin = 1024;

/**
 * The whole body, of at most `bytesMax` bytes. Settles when the client has sent it or gone away, or when the body was ended to make
 * room.
 */
export function readBody(request: IncomingMessage, { bytesMax, budget }: BodyOptions): Promise<Result<Buffer, BodyFailure>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > bytesMax + drainBytesMax) return Promise.resolve(err({ kind: "tooLarge", drained: false }));
  return new Promise((resolve) => {
    const store = new BodyStore(Math.min(bytesMax, declared === 0 ? bytesMax : declared));
    let bytes = 0;
    let settled = false;
    const settle = (result: Result<Buffer, BodyFailure>): void => {
      if (settled) return;
      settled = true;
      counted.finished();
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      resolve(result);
    };
    const giveUp = (failure: BodyFailure): void => {
      store.clear();
      request.pause();
      settle(err(failure));
    };
    const counted = budget.begin(() => giveUp({ kind: "noRoom" }));
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > bytesMax + drainBytesMax) {
        giveUp({ kind: "tooLarge", drained: false });
        return;
      }
      if (bytes <= bytesMax) store.add(chunk);
      else store.clear();
      counted.grew(chunk.length, store.keptBytes);
    };
    const onEnd = (): void => settle(bytes > bytesMax ? err({ kind: "tooLarge", drained: true }) : ok(store.take()));
    const onClose = (): void => settle(err({ kind: "aborted" }));
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/**
 * The bytes of one body. They are copied: a piece would keep the whole buffer that was read with it, which may be a thousand times as much
 * (the framing of tiny chunks), and many tiny pieces cost more than their bytes.
 */
class BodyStore {
  readonly #bytesMax: number;
  #storage: Buffer = nothing;
  #length = 0;

  /** `bytesMax` is the most bytes that will be added. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of memory taken: at most twice those added, and at least `storageBytesMin`. */
  get keptBytes(): number {
    return this.#storage.length;
  }

  add(chunk: Buffer): void {
    // Usually all of a small body: it is complete, and dropped soon.
    if (this.#length === 0 && chunk.length === this.#bytesMax) {
      this.#storage = chunk;
      this.#length = chunk.length;
      return;
    }
    const length = this.#length + chunk.length;
    if (length > this.#storage.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(this.#bytesMax, Math.max(storageBytesMin, 2 * length))));
      this.#storage.copy(larger, 0, 0, this.#length);
      this.#storage = larger;
    }
    chunk.copy(this.#storage, this.#length);
    this.#length = length;
  }

  clear(): void {
    this.#storage = nothing;
    this.#length = 0;
  }

  /** The added bytes, in no more memory than they need. */
  take(): Buffer {
    const whole = this.#storage.subarray(0, this.#length);
    return whole.length === this.#storage.length ? whole : Buffer.from(whole);
  }
}

const nothing = Buffer.alloc(0);

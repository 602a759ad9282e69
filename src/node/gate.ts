/**
 * This file bounds the requests that wait on this node, by number and by bytes: each counts from its arrival to its end, whatever
 * it waits for (DECISIONS 53). One too many is refused at once; a queue without a bound would hide an outage until all of it times out.
 */
import { unreachable } from "../base/assert.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { CommandBody } from "../machine/command.ts";
import type { Unavailable } from "./service.ts";

type Overloaded = Extract<Unavailable, { readonly kind: "overloaded" }>;

/** The bounds of one gate: the name of the option that an `overloaded` answer shows, and its value. */
export type GateLimits = {
  /** The name of the option, and its value. */
  readonly count: { readonly limit: string; readonly max: number };
  readonly bytes: { readonly limit: string; readonly max: number };
};

/** The options that bound waiting requests; bytes are those of writes. */
export type PendingLimits = {
  readonly pendingProposalsMax: number;
  readonly pendingBytesMax: number;
  readonly pendingReadsMax: number;
};

/** Counts the requests that have entered and not left yet, and their bytes. */
export class Gate {
  readonly #limits: GateLimits;
  #count = 0;
  #bytes = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Returns a function to be called at the request's end (a second call does nothing), or why there is no room. A first one always
   * fits.
   */
  enter(bytes: number): Result<() => void, Overloaded> {
    const { count, bytes: weight } = this.#limits;
    if (this.#count >= count.max) return err({ kind: "overloaded", ...count });
    if (this.#count > 0 && this.#bytes + bytes > weight.max) return err({ kind: "overloaded", ...weight });
    this.#count += 1;
    this.#bytes += bytes;
    let isIn = true;
    return ok(() => {
      if (!isIn) return;
      isIn = false;
      this.#count -= 1;
      this.#bytes -= bytes;
    });
  }
}

/** Wraps `call` so that `leave` is called before it. */
export function leaving<Arguments extends readonly unknown[]>(
  leave: () => void,
  call: (...values: Arguments) => void,
): (...values: Arguments) => void {
  return (...values) => {
    leave();
    call(...values);
  };
}

/** Bytes for names, labels and the objects around them; a renewal has them for each of its leases. */
const requestBytes = 512;
const leaseIdBytes = 64;

/** Bytes of memory, roughly, that a write takes while it waits. */
export function weightOf(body: CommandBody): number {
  switch (body.kind) {
    case "configPut":
      return requestBytes + body.value.byteLength;
    case "leaseRenew":
      return requestBytes + leaseIdBytes * body.leaseIds.length;
    case "configDelete":
    case "leaseGrant":
    case "leaseRevoke":
    case "lockAcquire":
    case "lockRelease":
    case "lockCancel":
    case "lockBreak":
    case "memberHello":
      return requestBytes;
    default:
      return unreachable(body);
  }
}

/** The gates of writes and of reads, in this order, with a node's options. */
export function gatesOf(options: PendingLimits): readonly [writes: Gate, reads: Gate] {
  const { pendingProposalsMax, pendingBytesMax, pendingReadsMax } = options;
  const bytes = { limit: "pendingBytesMax", max: pendingBytesMax };
  const writes = new Gate({ count: { limit: "pendingProposalsMax", max: pendingProposalsMax }, bytes });
  // What a read weighs while it waits is bounded by their number.
  return [writes, new Gate({ count: { limit: "pendingReadsMax", max: pendingReadsMax }, bytes })];
}

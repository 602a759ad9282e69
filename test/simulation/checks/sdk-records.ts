/**
 * This file is what programs write down about what the SDK told them. Times are virtual ms, which is the real time of every promise.
 */
import type { WatchItem, WatchTarget } from "../../../openapi/client/index.ts";

/** A time in which the process could not run; `suspended`: its monotonic clock stood still as well. */
export type SdkStall = { readonly fromMs: number; readonly untilMs: number; readonly suspended: boolean };

/** A program with one client, from the making of the client to its end. */
export type SdkProgram = {
  readonly name: string;
  /** Of its machine. */
  readonly stalls: readonly SdkStall[];
  /** When its process was gone; null while it is there. */
  goneAtMs: number | null;
};

/** A hold that `acquire` gave. */
export type SdkHold = {
  readonly program: SdkProgram;
  readonly name: string;
  readonly fence: number;
  readonly storeId: string;
  readonly heldAtMs: number;
  /** The last time at which the program looked, and was told that it holds the lock; -Infinity: it had ended when it was handed over. */
  believedAtMs: number;
  /** When the listener on the signal was called; null when it was not. */
  firedAtMs: number | null;
};

/** What the SDK says of a mutation: it was carried out, it was not, or either. */
export type SdkSaid = "done" | "nothing" | "unknown";

/** One call that changes something, found again in the log by `mark`: the value that was put, or the owner. */
export type SdkMutation = {
  readonly program: SdkProgram;
  readonly what: "put" | "lease" | "acquire";
  readonly mark: string;
  readonly said: SdkSaid;
  /** The code of the error, or "ok". */
  readonly code: string;
  /** The revision of the put, or the fence; null when it said none. */
  readonly revision: number | null;
};

/** One promise of the SDK. It must settle within `boundMs` of the clock of its machine, less what the machine stood still. */
export type SdkCall = {
  readonly program: SdkProgram;
  readonly what: string;
  readonly calledAtMs: number;
  boundMs: number;
  settledAtMs: number | null;
};

/** What one watch told of one store, in order: from the beginning, or from where it began anew. */
export type SdkWatch = {
  readonly program: SdkProgram;
  readonly targets: readonly WatchTarget[];
  readonly storeId: string;
  /** Everything up to here was known before; null when the first item says. */
  readonly knownRevision: number | null;
  readonly items: WatchItem[];
};

/** Everything that programs of a run were told. */
export type SdkRecords = {
  readonly holds: SdkHold[];
  readonly mutations: SdkMutation[];
  readonly calls: SdkCall[];
  readonly watches: SdkWatch[];
};

/** Nothing yet. */
export function newSdkRecords(): SdkRecords {
  return { holds: [], mutations: [], calls: [], watches: [] };
}

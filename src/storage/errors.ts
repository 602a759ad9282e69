/**
 * This file declares the two kinds of storage errors, with messages that an operator can act on: a directory that this process must
 * not use, and a record that is not what was written. Neither is ever repaired silently.
 */

/** Why a data directory was refused; `beyondRepair` means that its node must be replaced. */
export type StorageErrorCode =
  | "cannotUse"
  | "inUse"
  | "foreignCluster"
  | "foreignNode"
  | "notADatabase"
  | "unknownFormat"
  | "truncated"
  | "full"
  | "pathTooLong"
  | "badSnapshot"
  | "unreadable"
  | "beyondRepair";

/** The data directory cannot be used; the message says what was found and what to do. Nothing was changed on disk. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Bytes on disk are not what was written. It is never a torn tail (a transaction is all or nothing), so nothing may be
 * cut off, and no vote may be given with what is left: the state has to come from another member (DECISIONS 10).
 */
export class CorruptRecord extends Error {
  override readonly name = "CorruptRecord";
  /** Where: `log`, `node`, or the name of a machine table. */
  readonly table: string;
  /** Which: a log index, or a table key. */
  readonly key: number | string;
  readonly why: string;
  constructor(table: string, key: number | string, why: string, options?: ErrorOptions) {
    super(`corrupt record in ${table} at ${JSON.stringify(key)}: ${why}`, options);
    this.table = table;
    this.key = key;
    this.why = why;
  }
}

/** LMDB failed at a write for which there was room: the device failed, or there is an error of ours. */
export class CommitFailure extends Error {
  override readonly name = "CommitFailure";
}

/**
 * The storage has stopped for good: a write failed, or a record is damaged. The process must end at once. After a write
 * that LMDB itself failed at (`atOnce`) it must not even exit in order: LMDB writes the reason into a buffer that may be too
 * small for it, so that what the C library does at an exit may crash or hang.
 */
export class StorageFailure extends Error {
  override readonly name = "StorageFailure";
  readonly atOnce: boolean;
  constructor(message: string, options: ErrorOptions & { readonly atOnce: boolean }) {
    super(message, options);
    this.atOnce = options.atOnce;
  }
}

/** Whether an error of the system carries this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** LMDB's codes for pages that are missing or wrong. */
const lmdbDamageCodes: readonly unknown[] = [-30797, -30796, -30793];

/** Whether an error says that bytes on disk are not what was written. */
export function isDamage(error: unknown): error is Error {
  if (error instanceof CorruptRecord) return true;
  return error instanceof Error && "code" in error && lmdbDamageCodes.includes(error.code);
}

/** Returns `error`, or, if LMDB found damage, a CorruptRecord with its place. */
export function asCorruptRecord(error: unknown, table: string, key: number | string): unknown {
  if (!isDamage(error) || error instanceof CorruptRecord) return error;
  return new CorruptRecord(table, key, `LMDB cannot read it (${error.message})`, { cause: error });
}

/**
 * This file names the two ways in which a disk fails us in words a person can act on: a directory that this process must
 * not use, and a record that is not what was written. Neither is ever repaired in silence.
 */

/** Why a data directory was refused. */
export type StorageErrorCode =
  | "inUse"
  | "foreignCluster"
  | "foreignNode"
  | "notADatabase"
  | "unknownFormat"
  | "truncated"
  | "full"
  | "pathTooLong"
  | "badSnapshot";

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
 * cut off and no vote given on what is left: the state has to come from another member.
 */
export class CorruptRecord extends Error {
  override readonly name = "CorruptRecord";
  /** Where: `log`, `node`, or the name of a machine table. */
  readonly table: string;
  /** Which: a log index, or a table key. */
  readonly key: number | string;
  constructor(table: string, key: number | string, why: string) {
    super(
      `corrupt record in ${table} at ${JSON.stringify(key)}: ${why}; the data directory must be replaced from another member`,
    );
    this.table = table;
    this.key = key;
  }
}

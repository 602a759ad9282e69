/**
 * This file keeps a witness of the last completed transaction, beside the LMDB file (DECISIONS 37). LMDB has two meta pages without
 * checksums; when the newer one is bad, it silently continues from the older one, and the last transaction is lost: acknowledged
 * entries, and the vote. The witness has checksums of both pages, and what the node had promised then. It is
 * written after each commit and not synced, so it is never ahead of the disk. After a power cut it may be some transactions
 * old, or unreadable, and is then a weaker bound.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { HardState } from "../raft/types.ts";
import { isMetaPage, metaPages } from "./data-file.ts";
import { hasCode } from "./errors.ts";
import { formatVersion, parseHardState, parseIdentity, sealOne, unseal } from "./records.ts";
import { fillWithZeros } from "./reserve.ts";

const fileName = "WITNESS";
/** Slots are written in turn, each on a page of its own, so that a torn write costs one of them. */
const slotBytes = 4096;
/** A slot has the length of the sealed record, then the record. Ids, a vote and numbers are some 400 bytes. */
const lengthBytes = 2;

/** A meta page: its transaction, a checksum of all of it, and one of everything but the transaction. */
export type MetaPage = { readonly transaction: number; readonly checksum: number; readonly contentChecksum: number };

/** What the node had on disk when the transaction `newest` completed. */
export type WitnessRecord = {
  readonly newest: MetaPage;
  readonly older: MetaPage;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly hardState: HardState;
  /** The last index of the log. */
  readonly lastIndex: number;
};

/** What the file says; undefined when there is none, or nothing in it can be read. */
export function readWitness(folder: string): WitnessRecord | undefined {
  let fd: number;
  try {
    fd = openSync(join(folder, fileName), "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    const found = [0, 1].flatMap((slot) => readSlot(fd, slot) ?? []);
    return found.sort((a, b) => b.newest.transaction - a.newest.transaction)[0];
  } finally {
    closeSync(fd);
  }
}

function readSlot(fd: number, slot: number): WitnessRecord | undefined {
  const bytes = Buffer.alloc(slotBytes);
  readSync(fd, bytes, 0, slotBytes, slot * slotBytes);
  const length = bytes.readUInt16BE(0);
  if (length === 0 || length > slotBytes - lengthBytes) return undefined;
  try {
    return parse(unseal(Uint8Array.from(bytes.subarray(lengthBytes, lengthBytes + length)), "node", "witness"));
  } catch {
    // Torn or damaged: the other slot counts.
    return undefined;
  }
}

function parse(value: unknown): WitnessRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const [identity, hardState, lastIndex, ...numbers]: readonly unknown[] = value;
  if (!(identity instanceof Uint8Array) || !(hardState instanceof Uint8Array) || typeof lastIndex !== "number") return undefined;
  const [newest, older] = [numbers.slice(0, 3), numbers.slice(3)].map(([transaction, checksum, contentChecksum]) =>
    typeof transaction === "number" && typeof checksum === "number" && typeof contentChecksum === "number"
      ? { transaction, checksum, contentChecksum }
      : undefined,
  );
  if (newest === undefined || older === undefined) return undefined;
  const { clusterId, nodeId } = parseIdentity(identity);
  return { newest, older, clusterId, nodeId, hardState: parseHardState(hardState), lastIndex };
}

/**
 * Why the meta pages of the data file in `folder` cannot be those that the witness saw, or later ones; undefined when
 * they can.
 */
export function contradiction(folder: string, witness: WitnessRecord | undefined): string | undefined {
  if (witness === undefined) return undefined;
  const fd = openSync(join(folder, "data.mdb"), "r");
  const bytes = metaPages(fd);
  closeSync(fd);
  // Not a database at all, which `checkDataFile` refuses with a message of its own.
  if (!bytes.some(isMetaPage)) return undefined;
  return contradictionIn(bytes.map(metaPage), witness);
}

/** As `contradiction`, for two pages that were read, of which the first is that of even transactions. Without a witness there is none. */
export function contradictionIn(pages: readonly MetaPage[], witness: WitnessRecord | undefined): string | undefined {
  if (witness === undefined) return undefined;
  const { newest, older } = witness;
  const place = newest.transaction % 2;
  const [same, other] = place === 0 ? [pages[0], pages[1]] : [pages[1], pages[0]];
  const shown = `the meta pages show transactions ${pages.map((page) => page?.transaction).join(" and ")}`;
  if (same === undefined || other === undefined) return "a meta page is missing";
  if (same.checksum === newest.checksum) {
    // The older page may have been replaced by a next transaction that was not noted. Or only its number has changed.
    if (other.checksum === older.checksum || other.transaction < newest.transaction) return undefined;
    const next = other.transaction === newest.transaction + 1 && other.contentChecksum !== older.contentChecksum;
    return next ? undefined : `${shown}, and ${newest.transaction} was the last`;
  }
  // Both pages were written since then, as after a power cut that lost the witness's newest notes.
  const successors = same.transaction > newest.transaction && Math.abs(same.transaction - other.transaction) === 1;
  const inPlace = same.transaction % 2 === place && other.transaction > newest.transaction;
  return successors && inPlace ? undefined : `${shown}, and ${newest.transaction} had completed`;
}

/** Notes each completed transaction. Owns a file and must be closed. */
export class Witness {
  readonly #fd: number;
  readonly #dataFd: number;
  readonly #identity: Uint8Array;
  #hardState: HardState | undefined;
  #vote: Uint8Array = new Uint8Array(0);
  readonly #slot = Buffer.alloc(slotBytes);

  /** Opens the witness of the state in `folder`, or makes it. Throws NoRoom when the disk is full. */
  constructor(folder: string, owner: Pick<WitnessRecord, "clusterId" | "nodeId">) {
    const { clusterId, nodeId } = owner;
    this.#identity = sealOne({ formatVersion, clusterId, nodeId }, "node", "identity");
    const path = join(folder, fileName);
    try {
      this.#fd = openSync(path, "r+");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      this.#fd = openSync(path, "wx+", 0o600);
    }
    // Its blocks exist from the start: a note must not fail on a full disk after the write that it notes.
    fillWithZeros(this.#fd, path, 2 * slotBytes);
    ftruncateSync(this.#fd, 2 * slotBytes);
    this.#dataFd = openSync(join(folder, "data.mdb"), "r");
  }

  /** Notes the transaction that has just completed. To be called before the write is acknowledged. */
  note(promised: { readonly hardState: HardState; readonly lastIndex: number }): void {
    const [newest, older] = metaPages(this.#dataFd)
      .map(metaPage)
      .sort((a, b) => b.transaction - a.transaction);
    if (newest === undefined || older === undefined) return;
    const { hardState, lastIndex } = promised;
    if (hardState !== this.#hardState) this.#vote = sealOne(hardState, "node", "hardState");
    this.#hardState = hardState;
    const pages = [newest, older].flatMap(({ transaction, checksum, contentChecksum }) => [
      transaction,
      checksum,
      contentChecksum,
    ]);
    const sealed = sealOne([this.#identity, this.#vote, lastIndex, ...pages], "node", "witness");
    this.#slot.fill(0);
    this.#slot.writeUInt16BE(sealed.byteLength, 0);
    this.#slot.set(sealed, lengthBytes);
    writeSync(this.#fd, this.#slot, 0, slotBytes, (newest.transaction % 2) * slotBytes);
  }

  /** Syncs it, so that after an orderly stop it survives a power cut, and closes it. */
  close(): void {
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    closeSync(this.#dataFd);
  }
}

/** Where a meta page has the number of its transaction. */
const transactionAt = 152;

function metaPage(bytes: Buffer): MetaPage {
  const content = Buffer.from(bytes);
  content.fill(0, transactionAt, transactionAt + 8);
  const transaction = Number(bytes.readBigUInt64LE(transactionAt));
  return { transaction, checksum: crc32(bytes), contentChecksum: crc32(content) };
}

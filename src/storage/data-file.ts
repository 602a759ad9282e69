/**
 * This file looks at an LMDB data file before LMDB maps it. LMDB believes its file: one that is shorter than its pages
 * kills the process with SIGBUS at some later read, and one that is no database at all may do worse. Only the two meta
 * pages are read here, with plain file reads.
 */
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { endianness } from "node:os";
import { StorageError } from "./errors.ts";

const magic = 0xbeefc0de;
/** Of LMDB's data format, as written by the version that package.json pins. */
const dataVersion = 2;
const metaBytes = 168;
const probeTimeoutMs = 600_000;

/** Throws StorageError `notADatabase`, `unknownFormat` or `truncated` unless LMDB can safely map `file`. */
export function checkDataFile(file: string): void {
  const { size, metas } = readMetas(file);
  const newest = metas.reduce((a, b) => (b.transaction > a.transaction ? b : a));
  const bytesWanted = (newest.lastPage + 1) * newest.pageBytes;
  // A file may rightly end before its last page: pages that were given out and given back within one transaction are
  // never written. Only then is it worth reading the whole file, where a SIGBUS does no harm.
  if (size < bytesWanted && !isWholeDatabase(file)) {
    throw new StorageError(
      "truncated",
      `${file} has ${size} bytes of ${bytesWanted}: it was cut. Move the data directory away and let the node rejoin from the other members.`,
    );
  }
}

type Meta = { readonly pageBytes: number; readonly lastPage: number; readonly transaction: bigint };

function readMetas(file: string): { readonly size: number; readonly metas: readonly Meta[] } {
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const first = readMeta(fd, 0, file);
    return { size, metas: [first, readMeta(fd, first.pageBytes, file)] };
  } finally {
    closeSync(fd);
  }
}

function readMeta(fd: number, position: number, file: string): Meta {
  const bytes = Buffer.alloc(metaBytes);
  const refuse = (what: string) =>
    new StorageError(
      "notADatabase",
      `${file} is not a database of ours: ${what}. Check that the data directory is the right one.`,
    );
  if (readSync(fd, bytes, 0, metaBytes, position) !== metaBytes) throw refuse(`it ends within its first pages`);
  const littleEndian = endianness() === "LE";
  const view = new DataView(bytes.buffer, bytes.byteOffset, metaBytes);
  const found = view.getUint32(24, littleEndian);
  if (found !== magic) throw refuse(`the magic number is 0x${found.toString(16)}`);
  const version = view.getUint32(28, littleEndian) & 0xffff;
  if (version !== dataVersion) {
    throw new StorageError("unknownFormat", `${file} has data format ${version}; this version reads ${dataVersion}.`);
  }
  const pageBytes = view.getUint32(48, littleEndian);
  const powerOfTwo = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (!powerOfTwo) throw refuse(`the page size is ${pageBytes}`);
  return {
    pageBytes,
    lastPage: Number(view.getBigUint64(144, littleEndian)),
    transaction: view.getBigUint64(152, littleEndian),
  };
}

/** Reads every record of every table in another process, which may die of it. */
const probe = `
const { open } = require(process.argv[1]);
const root = open({ path: process.argv[2], readOnly: true, encoding: "binary", keyEncoding: "binary", maxDbs: 64, mapSize: 1 });
const start = Buffer.from([0]);
let sum = 0;
for (const { key: name } of root.getRange({ start })) {
  const table = root.openDB({ name: Buffer.from(name).toString(), encoding: "binary", keyEncoding: "binary" });
  for (const { value } of table.getRange({ start })) sum += value[value.length - 1];
}
process.exit(Number.isNaN(sum) ? 1 : 0);
`;

function isWholeDatabase(file: string): boolean {
  const lmdb = createRequire(import.meta.url).resolve("lmdb");
  const directory = file.slice(0, file.lastIndexOf("/"));
  const { status } = spawnSync(process.execPath, ["-e", probe, lmdb, directory], { stdio: "ignore", timeout: probeTimeoutMs });
  return status === 0;
}

/**
 * This file reads the MessagePack of commands. Its bytes come from other nodes, so it is a closed reader: maps with texts as
 * names, lists, texts, bytes, numbers, booleans and null, nested a few levels deep. A library's reader knows types of its
 * own (dates, expressions, references, records), which no command holds, but a faulty or hostile node could send.
 */
import { isUtf8 } from "node:buffer";
import { MalformedCommand } from "../../machine/fields.ts";
import { valueBytesMax } from "../../machine/limits.ts";

/** Bytes of a command: the largest value, and room for the other fields; ten thousand renewals need 0.2 MiB. */
export const commandBytesMax = valueBytesMax + 64 * 1024;
/** A command is a map of a body, which holds maps and lists of plain things. */
const depthMax = 4;

type Cursor = { readonly bytes: Buffer; readonly view: DataView; offset: number };

/** The data in `bytes`; byte strings are views of it. Throws MalformedCommand for anything that no command contains. */
export function readPacked(bytes: Uint8Array): unknown {
  if (bytes.byteLength > commandBytesMax) throw new MalformedCommand("command", `at most ${commandBytesMax} bytes`);
  const { buffer, byteOffset, byteLength } = bytes;
  const cursor = {
    bytes: Buffer.from(buffer, byteOffset, byteLength),
    view: new DataView(buffer, byteOffset, byteLength),
    offset: 0,
  };
  const value = take(cursor, 0);
  if (cursor.offset !== byteLength) throw malformed();
  return value;
}

function malformed(): MalformedCommand {
  return new MalformedCommand("command", "packed as commands are");
}

function take(cursor: Cursor, depth: number): unknown {
  const tag = cursor.view.getUint8(advance(cursor, 1));
  if (tag < 0x80) return tag;
  if (tag < 0x90) return takeMap(cursor, tag & 0x0f, depth);
  if (tag < 0xa0) return takeList(cursor, tag & 0x0f, depth);
  if (tag < 0xc0) return takeText(cursor, tag & 0x1f);
  if (tag >= 0xe0) return tag - 0x100;
  return takeTagged(cursor, tag, depth);
}

function takeTagged(cursor: Cursor, tag: number, depth: number): unknown {
  switch (tag) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return takeBytes(cursor, takeUnsigned(cursor, 1 << (tag - 0xc4)));
    case 0xcb:
      return cursor.view.getFloat64(advance(cursor, 8));
    case 0xcc:
    case 0xcd:
    case 0xce:
      return takeUnsigned(cursor, 1 << (tag - 0xcc));
    case 0xcf:
      return Number(cursor.view.getBigUint64(advance(cursor, 8)));
    case 0xd0:
      return cursor.view.getInt8(advance(cursor, 1));
    case 0xd1:
      return cursor.view.getInt16(advance(cursor, 2));
    case 0xd2:
      return cursor.view.getInt32(advance(cursor, 4));
    case 0xd3:
      return Number(cursor.view.getBigInt64(advance(cursor, 8)));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return takeText(cursor, takeUnsigned(cursor, 1 << (tag - 0xd9)));
    case 0xdc:
    case 0xdd:
      return takeList(cursor, takeUnsigned(cursor, 2 << (tag - 0xdc)), depth);
    case 0xde:
    case 0xdf:
      return takeMap(cursor, takeUnsigned(cursor, 2 << (tag - 0xde)), depth);
    default:
      // Extension types, and what the format leaves undefined.
      throw malformed();
  }
}

function advance(cursor: Cursor, byteLength: number): number {
  const start = cursor.offset;
  if (start + byteLength > cursor.bytes.byteLength) throw malformed();
  cursor.offset = start + byteLength;
  return start;
}

function takeUnsigned(cursor: Cursor, byteLength: number): number {
  const start = advance(cursor, byteLength);
  if (byteLength === 1) return cursor.view.getUint8(start);
  return byteLength === 2 ? cursor.view.getUint16(start) : cursor.view.getUint32(start);
}

function takeMap(cursor: Cursor, count: number, depth: number): Readonly<Record<string, unknown>> {
  if (depth >= depthMax || 2 * count > cursor.bytes.byteLength - cursor.offset) throw malformed();
  const record: Record<string, unknown> = {};
  for (let taken = 0; taken < count; taken += 1) {
    const name = take(cursor, depthMax);
    if (typeof name !== "string" || name === "__proto__" || Object.hasOwn(record, name)) throw malformed();
    record[name] = take(cursor, depth + 1);
  }
  return record;
}

function takeList(cursor: Cursor, count: number, depth: number): readonly unknown[] {
  if (depth >= depthMax || count > cursor.bytes.byteLength - cursor.offset) throw malformed();
  const list: unknown[] = [];
  for (let taken = 0; taken < count; taken += 1) list.push(take(cursor, depth + 1));
  return list;
}

function takeBytes(cursor: Cursor, byteLength: number): Uint8Array {
  const start = advance(cursor, byteLength);
  return cursor.bytes.subarray(start, start + byteLength);
}

function takeText(cursor: Cursor, byteLength: number): string {
  const { bytes } = cursor;
  const start = advance(cursor, byteLength);
  let position = start;
  while (position < cursor.offset && (bytes[position] ?? 0) < 0x80) position += 1;
  if (position === cursor.offset) return bytes.toString("latin1", start, cursor.offset);
  // A decoder that replaces bad bytes by U+FFFD would make two different names equal.
  if (!isUtf8(bytes.subarray(start, cursor.offset))) throw malformed();
  return bytes.toString("utf8", start, cursor.offset);
}

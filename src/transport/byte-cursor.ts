/**
 * This file writes and reads the few primitive shapes that frames are made of: bytes, flags, counts, integers, text.
 * Reading trusts nothing: each `take` checks that the bytes exist and that the value is one that a node could have written,
 * and throws WireError otherwise. Integers are sent as float64, which holds every safe integer exactly.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { InvariantViolation } from "../base/assert.ts";

/** A peer sent bytes that are no valid frame. Its stream is closed; nothing else happens. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Bytes of the longest text; URLs are the longest that nodes send, and browsers and proxies accept 2048. */
export const textBytesMax = 2048;

/** The last text and its place. A batch repeats one run id 64 times, and texts cost most in it. */
type LastText = { text: string; start: number; end: number };

/** Bytes under construction; `offset` is where the next value goes. */
export type ByteWriter = { readonly bytes: Buffer; readonly view: DataView; readonly last: LastText; offset: number };

/** A writer with room for `bytesMax`. Writing past it throws RangeError. */
export function createWriter(bytesMax: number): ByteWriter {
  const bytes = Buffer.allocUnsafe(bytesMax);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytesMax), last: { text: "", start: 0, end: 0 }, offset: 0 };
}

/** An integer from 0 to 255, in one byte. */
export function putByte(writer: ByteWriter, value: number): void {
  writer.view.setUint8(writer.offset, value);
  writer.offset += 1;
}

/** A boolean, as a byte 0 or 1. */
export function putFlag(writer: ByteWriter, value: boolean): void {
  putByte(writer, value ? 1 : 0);
}

/** A list length, 0 to 2^32 - 1. */
export function putCount(writer: ByteWriter, value: number): void {
  writer.view.setUint32(writer.offset, value);
  writer.offset += 4;
}

/** A safe integer >= 0; throws InvariantViolation for anything else. */
export function putInteger(writer: ByteWriter, value: number): void {
  // Not assert(): its message would be built for each of the hundreds of integers in a batch.
  if (!Number.isSafeInteger(value) || value < 0) throw new InvariantViolation(`${value} is not a safe integer >= 0`);
  writer.view.setFloat64(writer.offset, value);
  writer.offset += 8;
}

/** Any finite number; throws InvariantViolation for others. */
export function putNumber(writer: ByteWriter, value: number): void {
  if (!Number.isFinite(value)) throw new InvariantViolation(`${value} is not a finite number`);
  writer.view.setFloat64(writer.offset, value);
  writer.offset += 8;
}

/** Bytes that `putText` takes at most for `text`. */
export function textRoom(text: string): number {
  return 2 + 3 * text.length;
}

/** A text of at most `textBytesMax` bytes of UTF-8, after its length; throws InvariantViolation for a longer one. */
export function putText(writer: ByteWriter, text: string): void {
  const { bytes, last } = writer;
  const start = writer.offset + 2;
  let byteLength = last.end - last.start;
  if (text === last.text) {
    for (let position = 0; position < byteLength; position += 1) bytes[start + position] = bytes[last.start + position] ?? 0;
  } else {
    byteLength = bytes.write(text, start, "utf8");
    if (byteLength > textBytesMax)
      throw new InvariantViolation(`text of ${byteLength} bytes, at most ${textBytesMax} can be sent`);
    last.text = text;
    last.start = start;
    last.end = start + byteLength;
  }
  writer.view.setUint16(writer.offset, byteLength);
  writer.offset = start + byteLength;
}

/** Bytes after their length, copied. */
export function putBytes(writer: ByteWriter, bytes: Uint8Array): void {
  putCount(writer, bytes.byteLength);
  writer.bytes.set(bytes, writer.offset);
  writer.offset += bytes.byteLength;
}

/** Bytes being read; `offset` is where the next value starts. Values taken as bytes are views of `bytes`. */
export type ByteReader = { readonly bytes: Buffer; readonly view: DataView; readonly last: LastText; offset: number };

/** A reader at the beginning of `bytes`, which must not be changed while what was taken is used. */
export function createReader(bytes: Buffer): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, last: { text: "", start: 0, end: 0 }, offset: 0 };
}

/** Moves past `byteLength` bytes and returns where they started. */
function advance(reader: ByteReader, byteLength: number): number {
  const start = reader.offset;
  if (start + byteLength > reader.bytes.byteLength) {
    throw new WireError(`frame ends at byte ${reader.bytes.byteLength} within a value at ${start}`);
  }
  reader.offset = start + byteLength;
  return start;
}

/** An integer from 0 to 255. Throws WireError at the end of the bytes, as all `take` functions do. */
export function takeByte(reader: ByteReader): number {
  return reader.view.getUint8(advance(reader, 1));
}

/** A boolean; throws WireError unless the byte is 0 or 1. */
export function takeFlag(reader: ByteReader): boolean {
  const value = takeByte(reader);
  if (value > 1) throw new WireError(`flag is ${value}`);
  return value === 1;
}

/** A list length; refused when the rest of the frame cannot hold that many items of `itemBytesMin` each. */
export function takeCount(reader: ByteReader, itemBytesMin: number): number {
  const count = reader.view.getUint32(advance(reader, 4));
  const bytesLeft = reader.bytes.byteLength - reader.offset;
  if (count * itemBytesMin > bytesLeft) throw new WireError(`${count} items in ${bytesLeft} bytes`);
  return count;
}

/** A safe integer >= 0; throws WireError for any other number. */
export function takeInteger(reader: ByteReader): number {
  const value = reader.view.getFloat64(advance(reader, 8));
  if (!Number.isSafeInteger(value) || value < 0) throw new WireError(`integer is ${value}`);
  return value + 0; // -0 becomes 0
}

/** A finite number; throws WireError for any other. */
export function takeNumber(reader: ByteReader): number {
  const value = reader.view.getFloat64(advance(reader, 8));
  if (!Number.isFinite(value)) throw new WireError(`number is ${value}`);
  return value;
}

/** A text; throws WireError when it is longer than `textBytesMax` or not UTF-8. */
export function takeText(reader: ByteReader): string {
  const byteLength = reader.view.getUint16(advance(reader, 2));
  if (byteLength > textBytesMax) throw new WireError(`text of ${byteLength} bytes`);
  const start = advance(reader, byteLength);
  const { bytes, last } = reader;
  if (equalRanges(bytes, { start, end: reader.offset }, last)) return last.text;
  last.text = isAscii(bytes, { start, end: reader.offset })
    ? bytes.toString("latin1", start, reader.offset)
    : unicode(bytes.subarray(start, reader.offset));
  last.start = start;
  last.end = reader.offset;
  return last.text;
}

// Nearly all texts are ids: they cost this loop and one conversion.
function isAscii(bytes: Buffer, { start, end }: Range): boolean {
  for (let position = start; position < end; position += 1) if ((bytes[position] ?? 0) > 0x7f) return false;
  return true;
}

function unicode(bytes: Buffer): string {
  // A decoder that replaces bad bytes by U+FFFD would make two different names equal.
  if (!isUtf8(bytes)) throw new WireError("text is not UTF-8");
  return bytes.toString("utf8");
}

type Range = { readonly start: number; readonly end: number };

function equalRanges(bytes: Buffer, left: Range, right: Range): boolean {
  const byteLength = left.end - left.start;
  if (byteLength !== right.end - right.start) return false;
  for (let position = 0; position < byteLength; position += 1) {
    if (bytes[left.start + position] !== bytes[right.start + position]) return false;
  }
  return true;
}

/** Bytes after their length, as a view of the reader's bytes. */
export function takeBytes(reader: ByteReader): Uint8Array {
  const byteLength = takeCount(reader, 1);
  const start = advance(reader, byteLength);
  // A plain Uint8Array, not a Buffer: the two differ in toString and slice, and the inner rooms expect the former.
  return new Uint8Array(reader.bytes.buffer, reader.bytes.byteOffset + start, byteLength);
}

/** Throws WireError if bytes are left. */
export function takeEnd(reader: ByteReader): void {
  const bytesLeft = reader.bytes.byteLength - reader.offset;
  if (bytesLeft > 0) throw new WireError(`${bytesLeft} bytes after the message`);
}

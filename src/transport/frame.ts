/**
 * This file cuts a byte stream into frames: 4 bytes payload length, 4 bytes CRC-32 of the payload, payload. A frame of
 * length 0 is a ping. The checksum is needed because TCP's 16 bits let an error through now and then, and an entry damaged
 * on the way would get a valid checksum on the follower's disk, and the replicas would differ for ever. It costs 4 us for
 * a batch of 64 entries.
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { WireError } from "./byte-cursor.ts";

/** Bytes of a frame's header: the length of the payload and its checksum. */
export const frameHeaderBytes = 8;

/**
 * Longest frame, header included: all that a peer can make us hold. What nodes send each other is a fraction of it
 * (`composition/limit-relations.ts`).
 */
export const frameBytesMax = 16 * 1024 * 1024;

/** A frame without payload: asks the receiver to prove that it reads. */
export const pingFrame: Buffer = Buffer.alloc(frameHeaderBytes);

/** Fills in the header of a frame whose payload follows `frameHeaderBytes`; returns the frame. */
export function sealFrame(frame: Buffer): Buffer {
  frame.writeUInt32BE(frame.byteLength - frameHeaderBytes, 0);
  frame.writeUInt32BE(crc32(frame.subarray(frameHeaderBytes)), 4);
  return frame;
}

/** The part of an incomplete frame that has arrived; `bytes` grows with what arrived, not with what was announced. */
export type FrameReader = { bytes: Buffer; byteLength: number };

/** A reader at the beginning of a stream. */
export function createFrameReader(): FrameReader {
  return { bytes: Buffer.alloc(0), byteLength: 0 };
}

/**
 * Takes the next `chunk` of the stream and hands each complete payload to `onPayload`, in order; the payload is the
 * receiver's to keep. Throws WireError on an oversize or damaged frame; the stream cannot be read on after that.
 */
export function readFrames(reader: FrameReader, chunk: Buffer, onPayload: (payload: Buffer) => void): void {
  let offset = 0;
  while (offset < chunk.byteLength) {
    const whole = reader.byteLength === 0 ? wholeFrameAt(chunk, offset) : null;
    if (whole !== null) {
      offset += whole;
      // A copy, so that a small command kept for long does not keep the 64 KiB it arrived in.
      if (whole > frameHeaderBytes) onPayload(checked(Buffer.from(chunk.subarray(offset - whole, offset))));
      continue;
    }
    offset += collect(reader, chunk, offset);
    if (reader.byteLength < frameHeaderBytes || reader.byteLength < frameLength(reader.bytes, 0)) continue;
    const frame = reader.bytes.subarray(0, reader.byteLength);
    reader.bytes = Buffer.alloc(0);
    reader.byteLength = 0;
    if (frame.byteLength > frameHeaderBytes) onPayload(checked(frame));
  }
}

/** The length of the frame at `offset` if all of it is in `chunk`. */
function wholeFrameAt(chunk: Buffer, offset: number): number | null {
  if (offset + frameHeaderBytes > chunk.byteLength) return null;
  const length = frameLength(chunk, offset);
  return offset + length > chunk.byteLength ? null : length;
}

function frameLength(bytes: Buffer, offset: number): number {
  const length = frameHeaderBytes + bytes.readUInt32BE(offset);
  if (length > frameBytesMax) throw new WireError(`frame of ${length} bytes, at most ${frameBytesMax} are taken`);
  return length;
}

/** Adds what belongs to the frame under way, at most up to its end; returns how much that was. */
function collect(reader: FrameReader, chunk: Buffer, offset: number): number {
  const wanted = reader.byteLength < frameHeaderBytes ? frameHeaderBytes : frameLength(reader.bytes, 0);
  const taken = Math.min(wanted - reader.byteLength, chunk.byteLength - offset);
  const byteLength = reader.byteLength + taken;
  if (byteLength > reader.bytes.byteLength) {
    // Doubling keeps a frame that trickles in by single bytes linear in time and within twice its size in memory.
    const grown = Buffer.allocUnsafeSlow(Math.min(wanted, Math.max(byteLength, 2 * reader.bytes.byteLength)));
    reader.bytes.copy(grown, 0, 0, reader.byteLength);
    reader.bytes = grown;
  }
  chunk.copy(reader.bytes, reader.byteLength, offset, offset + taken);
  reader.byteLength = byteLength;
  return taken;
}

function checked(frame: Buffer): Buffer {
  const payload = frame.subarray(frameHeaderBytes);
  if (crc32(payload) !== frame.readUInt32BE(4)) throw new WireError(`frame of ${frame.byteLength} bytes is damaged`);
  return payload;
}

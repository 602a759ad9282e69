/**
 * This file proves that frames are found again in a stream however it is cut, and that a bad one is noticed.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WireError } from "../../src/transport/byte-cursor.ts";
import {
  createFrameReader,
  frameBytesMax,
  frameHeaderBytes,
  pingFrame,
  readFrames,
  sealFrame,
} from "../../src/transport/frame.ts";

function frame(payload: Uint8Array): Buffer {
  return sealFrame(Buffer.concat([Buffer.alloc(frameHeaderBytes), payload]));
}

function read(chunks: readonly Buffer[]): Buffer[] {
  const reader = createFrameReader();
  const payloads: Buffer[] = [];
  for (const chunk of chunks) readFrames(reader, chunk, (payload) => payloads.push(payload));
  return payloads;
}

describe("frames", () => {
  test("frames come out as they went in, wherever the stream is cut and whatever pings lie between", () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 12 });
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.flatMap((payload) => [frame(payload), pingFrame]));
        const chunks: Buffer[] = [];
        for (let offset = 0, cut = 0; offset < stream.byteLength; cut += 1) {
          const length = cuts[cut % cuts.length] ?? 1;
          chunks.push(stream.subarray(offset, offset + length));
          offset += length;
        }
        expect(read(chunks).map((payload) => payload.toString("hex"))).toEqual(
          sent.map((payload) => Buffer.from(payload).toString("hex")),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a payload is not a view of the chunk it arrived in", () => {
    const chunk = frame(new Uint8Array([1, 2, 3]));
    const [payload] = read([chunk]);
    chunk.fill(0);
    expect(payload).toEqual(Buffer.from([1, 2, 3]));
  });

  test("a flipped bit in the payload is noticed", () => {
    const damaged = frame(new Uint8Array(64).fill(7));
    damaged[40] = 6;
    expect(() => read([damaged])).toThrow(WireError);
  });

  test("an oversize length is refused before its bytes come, in one chunk or in many", () => {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(frameBytesMax, 0);
    expect(() => read([header])).toThrow("frame of 16777224 bytes, at most 16777216 are taken");
    expect(() => read([...header].map((byte) => Buffer.from([byte])))).toThrow(WireError);
  });

  test("memory grows with the bytes that came, not with the length that was announced", () => {
    const reader = createFrameReader();
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(frameBytesMax - frameHeaderBytes, 0);
    readFrames(reader, Buffer.concat([header, Buffer.alloc(100)]), () => {});
    expect(reader.bytes.byteLength).toBeLessThan(256);
  });

  test("a frame of 1 MiB that trickles in by single bytes is read in linear time", () => {
    const bytes = frame(new Uint8Array(1024 * 1024).fill(3));
    const reader = createFrameReader();
    let payloadBytes = 0;
    for (let offset = 0; offset < bytes.byteLength; offset += 1) {
      readFrames(reader, bytes.subarray(offset, offset + 1), (payload) => {
        payloadBytes += payload.byteLength;
      });
    }
    expect(payloadBytes).toBe(1048576);
  });

  test("random streams throw WireError and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 10 }), (chunks) => {
        try {
          read(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

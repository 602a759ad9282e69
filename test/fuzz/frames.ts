/**
 * This file mutates frames that real nodes sent: bytes flipped, cut, doubled and swapped between frames, and numbers replaced
 * by those at which code breaks. The same seed makes the same frames.
 */
import { Buffer } from "node:buffer";
import { InvariantViolation } from "../../src/base/assert.ts";
import type { Message } from "../../src/raft/types.ts";
import { frameHeaderBytes } from "../../src/transport/frame.ts";
import { decodeMessage, encodeMessage } from "../../src/transport/wire.ts";

/** 0 <= random() < 1, decided by the seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const edges = [0, 1, 2, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53 - 1, 2 ** 53, 1e300, -1, 0.5, Number.NaN];

/** One to four changes to a copy of one of `frames`. */
export function mutated(frames: readonly Buffer[], random: () => number): Buffer {
  const below = (bound: number) => Math.floor(random() * bound);
  const one = () => frames[below(frames.length)] ?? Buffer.alloc(1);
  let bytes = Buffer.from(one());
  for (let changes = 1 + below(4); changes > 0 && bytes.byteLength > 0; changes -= 1) {
    const at = below(bytes.byteLength);
    switch (below(8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3: {
        const other = one();
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.byteLength))]);
        break;
      }
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1)]);
        break;
      case 5:
        if (at + 4 <= bytes.byteLength) bytes.writeUInt32BE(below(2) === 0 ? 0xffffffff : below(64), at);
        break;
      default:
        // Most of a message is numbers of eight bytes.
        if (at + 8 <= bytes.byteLength) bytes.writeDoubleBE(random() < 0.5 ? (edges[below(edges.length)] ?? 0) : below(100), at);
    }
  }
  return bytes;
}

/** One of `frames` with one to three of its message's numbers and flags changed: nearly always a message again. */
export function lied(frames: readonly Buffer[], random: () => number): Buffer {
  const frame = frames[Math.floor(random() * frames.length)] ?? Buffer.alloc(1);
  let message = decodeMessage(frame);
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1) message = withOneLie(message, random);
  try {
    return encodeMessage(message).subarray(frameHeaderBytes);
  } catch (error) {
    // No piece of a log any more: not even a liar can send it.
    if (error instanceof InvariantViolation) return frame;
    throw error;
  }
}

function withOneLie(message: Message, random: () => number): Message {
  const names = Object.entries(message).flatMap(([name, value]) =>
    typeof value === "number" || typeof value === "boolean" || Array.isArray(value) ? [name] : [],
  );
  const name = names[Math.floor(random() * names.length)] ?? "term";
  const value = Object.entries(message).find(([other]) => other === name)?.[1];
  return { ...message, [name]: lieInPlaceOf(value, random) };
}

function lieInPlaceOf(value: unknown, random: () => number): unknown {
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return value.slice(0, Math.floor(random() * (value.length + 1)));
  const near = Number(value) + Math.floor(random() * 7) - 3;
  if (random() < 0.8) return Math.max(0, near);
  return edges.filter((edge) => Number.isSafeInteger(edge) && edge >= 0)[Math.floor(random() * 10)] ?? 0;
}

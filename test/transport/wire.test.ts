/**
 * This file proves that every message survives the wire, and that nothing which is not a message does harm.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantViolation } from "../../src/base/assert.ts";
import { type Entry, type Message, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { WireError } from "../../src/transport/byte-cursor.ts";
import { frameHeaderBytes } from "../../src/transport/frame.ts";
import { decodeMessage, encodeMessage } from "../../src/transport/wire.ts";
import { arbitraryMessage, messageKinds } from "./arbitrary-message.ts";

const payloadOf = (message: Message) => encodeMessage(message).subarray(frameHeaderBytes);
const header = { from: toNodeId("n1"), to: toNodeId("n2"), term: toTerm(7) } as const;

function entry(index: number, command: Uint8Array = new Uint8Array(0)): Entry {
  const payload = { kind: "command", id: { runId: "n1-1", sequence: index }, command } as const;
  return { index: toLogIndex(index), term: toTerm(7), clusterTimeMs: toClusterTimeMs(1000 + index), wallTimeMs: 1.5, payload };
}

function append(entries: readonly Entry[]): Message {
  return {
    ...header,
    kind: "appendEntries",
    prevLogIndex: toLogIndex(9),
    prevLogTerm: toTerm(6),
    entries,
    leaderCommit: toLogIndex(3),
  };
}

/** Decodes, and fails the test on any other exception than WireError. */
function decodeOrRefuse(payload: Buffer): "decoded" | "refused" {
  try {
    decodeMessage(payload);
    return "decoded";
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return "refused";
  }
}

describe("what is sent is what arrives", () => {
  for (const kind of messageKinds) {
    test(`${kind} survives the wire, whatever it carries`, () => {
      fc.assert(
        fc.property(arbitraryMessage(kind), (message) => {
          expect(decodeMessage(payloadOf(message))).toStrictEqual(message);
        }),
        { numRuns: 60 },
      );
    });
  }

  test("an empty batch, an empty command and a command of 2 MiB survive the wire", () => {
    for (const message of [append([]), append([entry(10)]), append([entry(10, new Uint8Array(2 * 1024 * 1024).fill(0xa5))])]) {
      const arrived = decodeMessage(payloadOf(message));
      expect(arrived.kind === "appendEntries" && message.kind === "appendEntries").toBe(true);
      expect(Buffer.compare(payloadOf(arrived), payloadOf(message))).toBe(0);
    }
  });

  test("the layout is the one that running nodes speak", () => {
    const bytes = payloadOf({ ...header, kind: "heartbeat", leaderCommit: toLogIndex(5), round: 2 ** 53 - 1 });
    expect(bytes.toString("hex")).toBe("0700026e3100026e32401c0000000000004014000000000000433fffffffffffff");
  });

  test("entries that are no piece of a log are our mistake and are not sent", () => {
    expect(() => encodeMessage(append([entry(11)]))).toThrow(InvariantViolation);
    expect(() => encodeMessage(append([entry(10), entry(12)]))).toThrow("index 12 after 10");
  });
});

describe("what is not a message is refused", () => {
  test("random bytes throw WireError and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeOrRefuse(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });

  for (const kind of messageKinds) {
    test(`${kind} with one byte changed decodes to something valid or throws WireError`, () => {
      fc.assert(
        fc.property(arbitraryMessage(kind), fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
          const payload = payloadOf(message);
          const position = at % payload.byteLength;
          payload[position] = (payload[position] ?? 0) ^ flip;
          decodeOrRefuse(payload);
        }),
        { numRuns: 150 },
      );
    });

    test(`${kind} cut short or continued is refused`, () => {
      fc.assert(
        fc.property(arbitraryMessage(kind), fc.nat(), (message, at) => {
          const payload = payloadOf(message);
          expect(decodeOrRefuse(payload.subarray(0, at % payload.byteLength))).toBe("refused");
          expect(decodeOrRefuse(Buffer.concat([payload, Buffer.alloc(1)]))).toBe("refused");
        }),
        { numRuns: 40 },
      );
    });
  }

  const heartbeat = () => payloadOf({ ...header, kind: "heartbeat", leaderCommit: toLogIndex(5), round: 1 });
  const cases: readonly { readonly name: string; readonly make: () => Buffer; readonly message: string }[] = [
    { name: "an unknown kind", make: () => Buffer.from([99]), message: "message kind 99" },
    { name: "no bytes at all", make: () => Buffer.alloc(0), message: "frame ends at byte 0 within a value at 0" },
    {
      name: "a node id in capitals",
      make: () => patched(heartbeat(), (bytes) => bytes.write("N1", 3)),
      message: '"N1" is not a node id',
    },
    {
      name: "a negative term",
      make: () => patched(heartbeat(), (bytes) => bytes.writeDoubleBE(-1, 9)),
      message: "integer is -1",
    },
    { name: "half a term", make: () => patched(heartbeat(), (bytes) => bytes.writeDoubleBE(0.5, 9)), message: "integer is 0.5" },
    {
      name: "a term that is no number",
      make: () => patched(heartbeat(), (bytes) => bytes.writeDoubleBE(Number.NaN, 9)),
      message: "integer is NaN",
    },
    {
      name: "a term past the safe integers",
      make: () => patched(heartbeat(), (bytes) => bytes.writeDoubleBE(2 ** 53, 9)),
      message: "integer is 9007199254740992",
    },
    {
      name: "a term at the end of the numbers",
      make: () => patched(heartbeat(), (bytes) => bytes.writeDoubleBE(2 ** 48 + 1, 9)),
      message: "integer is 281474976710657, at most 281474976710656 is accepted",
    },
    {
      name: "an index far beyond any log",
      make: () => patched(heartbeat(), (bytes) => bytes.writeDoubleBE(2 ** 50, 17)),
      message: "integer is 1125899906842624, at most 562949953421312 is accepted",
    },
    {
      name: "a log that ends in a later term than its candidate's",
      make: () =>
        patched(payloadOf({ ...header, kind: "preVoteRequest", lastLogIndex: toLogIndex(1), lastLogTerm: toTerm(1) }), (bytes) =>
          bytes.writeDoubleBE(8, 25),
        ),
      message: "an entry of term 8, sent in 7",
    },
    {
      name: "proposals of several runs",
      make: () => {
        const proposal = (runId: string) => ({ id: { runId, sequence: 1 }, command: new Uint8Array(1) });
        return payloadOf({ ...header, kind: "proposeRequest", epoch: 0, proposals: [proposal("n1-1"), proposal("n1-2")] });
      },
      message: "proposals of several runs",
    },
    {
      name: "a time past the ceiling",
      make: () => patched(payloadOf(append([entry(10)])), (bytes) => bytes.writeDoubleBE(2 ** 49, 61)),
      message: "entries: cluster time 562949953421312",
    },
    {
      name: "a wall time that is no date",
      make: () => patched(payloadOf(append([entry(10)])), (bytes) => bytes.writeDoubleBE(-1e300, 69)),
      message: "entries: wall time -1e+300",
    },
    {
      name: "four billion entries in no bytes",
      make: () => patched(payloadOf(append([])), (bytes) => bytes.writeUInt32BE(0xffffffff, bytes.byteLength - 4)),
      message: "4294967295 items in 0 bytes",
    },
    {
      name: "a gap between entries",
      make: () => patched(payloadOf(append([entry(10)])), (bytes) => bytes.writeDoubleBE(12, 45)),
      message: "entries: index 12 after 9",
    },
    {
      name: "an entry of a later term than its sender's",
      make: () => patched(payloadOf(append([entry(10)])), (bytes) => bytes.writeDoubleBE(8, 53)),
      message: "entries: term 8 after 6, sent in 7",
    },
  ];
  for (const { name, make, message } of cases) {
    test(`${name} is refused by name`, () => {
      expect(() => decodeMessage(make())).toThrow(WireError);
      expect(() => decodeMessage(make())).toThrow(message);
    });
  }

  test("a voter named twice is refused", () => {
    const n1 = toNodeId("n1");
    const membership = { voters: [n1, n1], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
    const bytes = payloadOf(append([{ ...entry(10), payload: { kind: "membership", membership } }]));
    expect(() => decodeMessage(bytes)).toThrow("a node id twice in one list");
  });

  const id = (number: number) => toNodeId(`n${number}`);
  const nobody = { voters: [id(1)], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
  const memberships = [
    { name: "nobody votes", membership: { ...nobody, voters: [] }, message: "a membership without voters" },
    { name: "one both votes and learns", membership: { ...nobody, learners: [id(1)] }, message: "n1 both votes and learns" },
    { name: "one is a member and removed", membership: { ...nobody, removed: [id(1)] }, message: "n1 is a member and removed" },
    {
      name: "a hundred vote",
      membership: { ...nobody, voters: Array.from({ length: 100 }, (_, i) => id(i)) },
      message: "100 voters",
    },
  ];
  for (const { name, membership, message } of memberships) {
    test(`a membership in which ${name} is refused`, () => {
      const bytes = payloadOf(append([{ ...entry(10), payload: { kind: "membership", membership } }]));
      expect(() => decodeMessage(bytes)).toThrow(message);
    });
  }
});

function patched(bytes: Buffer, patch: (bytes: Buffer) => void): Buffer {
  patch(bytes);
  return bytes;
}

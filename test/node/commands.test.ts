/**
 * This file proves that no bytes of another node reach the log, or apply, that apply could not read; and that what stands in
 * a log all the same stops nobody.
 */
import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import type { Command } from "../../src/machine/command.ts";
import { MalformedCommand } from "../../src/machine/fields.ts";
import { parseCommand } from "../../src/machine/parse-command.ts";
import { decodeCommand, encodeCommand } from "../../src/node/writes/command-codec.ts";
import { commandBytesMax, readPacked } from "../../src/node/writes/command-reader.ts";
import { Commands, proposalsPerMessageMax } from "../../src/node/writes/commands.ts";
import { softwareVersion, VersionGate } from "../../src/node/writes/version-gate.ts";
import { type Entry, type Message, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";

const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const commands = () => new Commands(new VersionGate(softwareVersion));

const put: Command = parseCommand({
  request: { id: "r-1", fingerprint: "abc", since: { storeId: "s", index: 7 } },
  body: {
    kind: "configPut",
    key: "app/colour/ü",
    value: new Uint8Array([1, 2, 3]),
    contentType: "application/json",
    precondition: { kind: "modRevision", revision: 2 ** 52 },
    leaseId: "l7",
    author: null,
    comment: "é",
  },
});
const renew: Command = parseCommand({
  request: null,
  body: { kind: "leaseRenew", leaseIds: Array.from({ length: 1_000 }, (_, position) => `l${position + 1}`) },
});
const acquire: Command = parseCommand({
  request: null,
  body: { kind: "lockAcquire", name: "n", lease: { kind: "own", ttlMs: 500 }, waitMs: 86_400_000, owner: "me" },
});
const release: Command = parseCommand({
  request: null,
  body: { kind: "lockRelease", name: "n", leaseId: "l9007199254740991", fence: 4_294_967_296 },
});
const samples = [put, renew, acquire, release];

function hello(id: string): Command {
  return parseCommand({ request: null, body: { kind: "memberHello", id, instanceId: "f", version: 1, stateBytesMax: 2 ** 30 } });
}

/** True when the bytes hold a command; throws for anything but MalformedCommand. */
function holdsCommand(bytes: Uint8Array): boolean {
  try {
    decodeCommand(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof MalformedCommand)) throw error;
    return false;
  }
}

const propose = (bytes: readonly Uint8Array[]): Message => ({
  kind: "proposeRequest",
  from: n2,
  to: n1,
  term: toTerm(3),
  epoch: 0,
  proposals: bytes.map((command, position) => ({ id: { runId: "run", sequence: position }, command })),
});

function entry(index: number, command: Uint8Array): Entry {
  const place = { index: toLogIndex(index), term: toTerm(3), clusterTimeMs: toClusterTimeMs(1), wallTimeMs: 1 };
  return { ...place, payload: { kind: "command", id: { runId: "run", sequence: index }, command } };
}

const append = (entries: readonly Entry[], leaderCommit: number): Message => ({
  kind: "appendEntries",
  from: n2,
  to: n1,
  term: toTerm(3),
  prevLogIndex: toLogIndex((entries[0]?.index ?? 1) - 1),
  prevLogTerm: toTerm(3),
  leaderCommit: toLogIndex(leaderCommit),
  entries,
});

describe("commands survive being packed", () => {
  for (const command of samples) {
    test(command.body.kind, () => {
      const bytes = encodeCommand(command);
      expect(decodeCommand(bytes)).toStrictEqual(command);
      // The library reads the same out of them.
      const [, request, body] = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" }).unpack(bytes);
      expect(parseCommand({ request, body })).toStrictEqual(command);
    });
  }

  test("what was read shares nothing with the bytes", () => {
    const bytes = encodeCommand(put);
    const read = decodeCommand(bytes);
    bytes.fill(0);
    expect(read).toStrictEqual(put);
  });

  test("a zero below zero is a zero, before it is packed as after", () => {
    const command = parseCommand({ request: null, body: { kind: "lockCancel", name: "n", ticket: -0 } });
    expect(Object.is("ticket" in command.body && command.body.ticket, 0)).toBe(true);
  });
});

describe("hostile bytes", () => {
  const packr = new Packr({ useRecords: false, moreTypes: true, structuredClone: true });
  const nested = (levels: number): Buffer => Buffer.concat([Buffer.alloc(levels, 0x91), Buffer.from([0xc0])]);
  const body = (fields: object) => packr.pack([1, null, fields]);
  const cases: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
    { name: "no bytes", bytes: new Uint8Array(0) },
    { name: "text", bytes: Buffer.from("garbage") },
    { name: "a command and a byte more", bytes: Buffer.concat([encodeCommand(put), Buffer.alloc(1)]) },
    { name: "lists in lists, a million levels deep", bytes: nested(1_000_000) },
    { name: "maps in maps", bytes: Buffer.alloc(100_000, 0x81) },
    { name: "a list of four billion", bytes: Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]) },
    { name: "a map of four billion", bytes: Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]) },
    { name: "a text of four billion bytes", bytes: Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff]) },
    { name: "four billion bytes", bytes: Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff]) },
    { name: "an expression in place of a name", bytes: body({ kind: "lockBreak", name: /(a+)+$/ }) },
    { name: "a date", bytes: body({ kind: "lockBreak", name: new Date(0) }) },
    { name: "a set", bytes: body({ kind: "leaseRenew", leaseIds: new Set(["l1"]) }) },
    { name: "an error", bytes: body({ kind: "lockBreak", name: new Error("x") }) },
    { name: "an integer beyond the safe ones", bytes: body({ kind: "lockCancel", name: "n", ticket: 2n ** 63n - 1n }) },
    { name: "a fraction", bytes: body({ kind: "lockCancel", name: "n", ticket: 0.5 }) },
    { name: "a prototype", bytes: Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from("__proto__"), Buffer.from([0x80])]) },
    { name: "a name twice", bytes: Buffer.from([0x82, 0xa1, 0x61, 0xc0, 0xa1, 0x61, 0xc0]) },
    { name: "a name that is a number", bytes: Buffer.from([0x81, 0x01, 0xc0]) },
    { name: "half a character", bytes: Buffer.from([0x81, 0xa1, 0xc3, 0xc0]) },
    { name: "half of a pair of surrogates", bytes: Buffer.from([0x81, 0xa3, 0xed, 0xa0, 0x80, 0xc0]) },
    { name: "a lock name with the separator of keys", bytes: body({ kind: "lockBreak", name: "a\u0001b" }) },
    { name: "of a layout to come", bytes: packr.pack([2, null, { kind: "lockBreak", name: "n" }]) },
    {
      name: "of a layout without a number",
      bytes: packr.pack({ request: null, body: { kind: "lockBreak", name: "n" } }),
    },
    { name: "with something after it", bytes: packr.pack([1, null, { kind: "lockBreak", name: "n" }, null]) },
    { name: "an unknown kind", bytes: body({ kind: "constructor" }) },
    { name: "more than the largest command", bytes: Buffer.alloc(commandBytesMax + 1) },
  ];
  for (const { name, bytes } of cases) {
    test(`${name} is no command, wherever it comes from`, () => {
      expect(holdsCommand(bytes)).toBe(false);
      expect(commands().faultIn(propose([encodeCommand(put), bytes]))).toMatch(/^proposeRequest: /);
      expect(commands().faultIn(append([entry(5, encodeCommand(put)), entry(6, bytes)], 5))).toMatch(/^appendEntries: /);
    });
  }

  test("random bytes are a command or refused by MalformedCommand, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void holdsCommand(bytes)),
      { numRuns: 5000 },
    );
  });

  test("commands with a few bytes changed are a command that can be packed again, or refused", () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(put, acquire, release, hello("n2")), flips, (command, changes) => {
        const bytes = Uint8Array.from(encodeCommand(command));
        for (const [position, value] of changes) bytes[position % bytes.byteLength] = value;
        if (!holdsCommand(bytes)) return;
        const read = decodeCommand(bytes);
        expect(decodeCommand(encodeCommand(read))).toStrictEqual(read);
      }),
      { numRuns: 5000 },
    );
  });

  test("values of any kind that a library can pack are read alike, or refused", () => {
    const plain = new Packr({ useRecords: false, moreTypes: false, mapsAsObjects: true, int64AsType: "number" });
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const bytes = plain.pack(value);
        try {
          expect(readPacked(bytes)).toEqual(plain.unpack(bytes));
        } catch (error) {
          if (!(error instanceof MalformedCommand)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("what another node sends", () => {
  test("is taken when all of it are commands", () => {
    expect(commands().faultIn(propose(samples.map(encodeCommand)))).toBe(null);
    expect(commands().faultIn(append([entry(5, encodeCommand(put))], 4))).toBe(null);
  });

  test("speaks of the data folder of its sender only", () => {
    expect(commands().faultIn(propose([encodeCommand(hello("n2"))]))).toBe(null);
    expect(commands().faultIn(propose([encodeCommand(hello("n3"))]))).toBe("proposeRequest: body.id is not the sender's own id");
  });

  test("is refused by its layout in clear words", () => {
    const later = new Packr({ useRecords: false }).pack([2, null, { kind: "lockBreak", name: "n" }]);
    expect(commands().faultIn(propose([later]))).toBe(
      "proposeRequest: the layout of a command is not 1, which this software reads",
    );
  });

  test("is bounded in number", () => {
    const one = encodeCommand(acquire);
    expect(commands().faultIn(propose(Array(proposalsPerMessageMax).fill(one)))).toBe(null);
    expect(commands().faultIn(propose(Array(proposalsPerMessageMax + 1).fill(one)))).toMatch("proposals");
  });

  test("is refused in words that hold none of its values", () => {
    const secret = { kind: "lockBreak", name: "secret\u0001name" };
    const fault = commands().faultIn(propose([new Packr({ useRecords: false }).pack([1, null, secret])]));
    expect(fault).toBe("proposeRequest: body.name is not free of control characters");
  });
});

describe("an entry that is applied", () => {
  test("is decoded once: what was checked or proposed here is what is applied", () => {
    const known = commands();
    const bytes = known.encode(put);
    expect(known.open(entry(5, bytes)).payload).toEqual({ kind: "command", command: put });
    const sent = encodeCommand(acquire);
    expect(known.faultIn(append([entry(6, sent)], 5))).toBe(null);
    sent.fill(0);
    expect(known.open(entry(6, sent)).payload).toEqual({ kind: "command", command: acquire });
    // And it is not kept any longer.
    expect(known.open(entry(6, sent)).payload).toEqual({ kind: "noop" });
  });

  test("and holds no command is passed over and counted, and committed ones are taken from a leader", () => {
    const node = commands();
    const garbage = entry(6, Buffer.from("garbage"));
    expect(node.faultIn(append([garbage], 6))).toBe(null);
    expect([node.open(garbage).payload, node.skipped]).toEqual([{ kind: "noop" }, 1]);
  });
});

/**
 * This file damages, removes and mixes up what a data folder knows of itself (`IDENTITY`, `PEERS`): each time the folder is refused
 * in words that a person can act on, and is never taken for a new one.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import { type IdentityRecord, readIdentity, writeIdentity } from "../../src/storage/identity-file.ts";
import { type PeerStart, readPeerStarts, writePeerStarts } from "../../src/storage/peer-starts-file.ts";
import { readSealed, writeSealed } from "../../src/storage/sealed-file.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const n1 = toNodeId("n1");
// A name that every plain object seems to have.
const n2 = toNodeId("constructor");
const established: IdentityRecord = {
  nodeId: n1,
  instanceId: "7f2b0c1e-0000-4000-8000-000000000001",
  line: { runs: [{ runId: "r12", start: 12, isMet: true }], forgotten: 11 },
  leasePromiseMs: 1000,
  standing: {
    kind: "established",
    clusterId: "0123456789abcdef",
    genesis: {
      voters: [n1, n2],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      addresses: Object.fromEntries([n1, n2].map((id) => [id, { peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` }])),
      removed: [],
    },
    first: { n1: "one", constructor: "two" },
  },
};
const locked: IdentityRecord = { ...established, standing: { kind: "locked", set: { n1: "one", constructor: "two" } } };
const fresh: IdentityRecord = { ...established, line: { runs: [], forgotten: 0 }, leasePromiseMs: 0, standing: { kind: "new" } };
const refused: IdentityRecord = { ...established, standing: { kind: "refused", why: "it is a copy" } };
const standings = [{ record: fresh }, { record: locked }, { record: established }, { record: refused }];
const starts = new Map<NodeId, PeerStart>([
  [n1, { instanceId: "one", start: 3, runId: "r", ancestors: [], forgotten: 0, vouched: true }],
  [n2, { instanceId: "two", start: 9, runId: "s", ancestors: ["q"], forgotten: 4, vouched: false }],
]);

/** `sha256sum` of `[3,{"a":1}]`. */
const checksumOfFormatThree = "9c6cb7fc2b842a98ada02f589f9805f5361ba3b95d9ebc2663cd8cf9ae93bbfe";

/** A folder that has taken part: its record, and something in place of its state. */
function memberFolder(record = established): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "state-00000001"));
  writeIdentity(folder, record);
  return folder;
}

function refusal(act: () => unknown): unknown {
  try {
    return act() ?? "taken for a new one";
  } catch (error) {
    return error;
  }
}

/** Each byte of `bytes` with one bit flipped: another bit for each of its neighbours. */
function* flipped(bytes: Buffer): Generator<{ readonly bytes: Buffer; readonly at: string }> {
  for (let index = 0; index < bytes.length; index += 1) {
    const copy = Buffer.from(bytes);
    copy[index] = (copy[index] ?? 0) ^ (1 << (index % 8));
    yield { bytes: copy, at: `byte ${index}, bit ${index % 8}` };
  }
}

describe("the record of a folder", () => {
  test.each(standings)("comes back as it was written ($record.standing.kind)", ({ record }) => {
    expect(readIdentity(memberFolder(record))).toEqual(record);
  });

  test.each(standings)("with any byte damaged is refused ($record.standing.kind)", ({ record }) => {
    const folder = memberFolder(record);
    const path = join(folder, "IDENTITY");
    for (const { bytes, at } of flipped(readFileSync(path))) {
      writeFileSync(path, bytes);
      expect(
        refusal(() => readIdentity(folder)),
        at,
      ).toMatchObject({
        code: "beyondRepair",
        message: expect.stringContaining(`${path} is damaged`),
      });
    }
  });

  test("cut at any length is refused, an empty one included", () => {
    const folder = memberFolder();
    const path = join(folder, "IDENTITY");
    const whole = readFileSync(path);
    // The last byte is the end of the line.
    for (let length = 0; length < whole.length - 1; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      expect(refusal(() => readIdentity(folder))).toMatchObject({ code: "beyondRepair" });
    }
  });

  test("that is whole and makes no sense is refused", () => {
    for (const body of [
      {},
      [],
      { ...established, nodeId: "No Id" },
      { ...established, line: undefined },
      { ...established, line: { runs: [], forgotten: -1 } },
      { ...established, line: { runs: [{ runId: "r", start: "12", isMet: true }], forgotten: 0 } },
      { ...established, line: { runs: [{ runId: "r", start: 12 }], forgotten: 0 } },
      { ...established, leasePromiseMs: null },
      { ...established, standing: { kind: "opened" } },
      { ...established, standing: { kind: "locked" } },
      { ...established, standing: { ...established.standing, genesis: { voters: "n1" } } },
    ]) {
      const folder = memberFolder();
      writeSealed(join(folder, "IDENTITY"), body);
      expect(refusal(() => readIdentity(folder))).toMatchObject({
        code: "beyondRepair",
        message: expect.stringContaining("makes no sense"),
      });
    }
  });

  test("of another format is refused as such, with its checksum right", () => {
    const folder = memberFolder();
    const path = join(folder, "IDENTITY");
    writeFileSync(path, `{"format":3,"sha256":"${checksumOfFormatThree}","body":{"a":1}}`);
    expect(refusal(() => readIdentity(folder))).toMatchObject({
      code: "unknownFormat",
      message: expect.stringContaining("its format is 3, not 2"),
    });
  });

  const traces = ["state-00000001", "state-00000007.new", "damaged-00000002", "DAMAGED", "PEERS"];
  test.each(traces)("that is missing beside %s is refused", (trace) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, trace), "");
    expect(refusal(() => readIdentity(folder))).toMatchObject({
      code: "beyondRepair",
      message: expect.stringContaining(`IDENTITY is missing, so it is unknown whose data this is: ${trace} exists`),
    });
  });

  test("that took part, without its state, is refused", () => {
    const folder = memberFolder();
    renameSync(join(folder, "state-00000001"), join(folder, "state-00000001.new"));
    expect(refusal(() => readIdentity(folder))).toMatchObject({
      code: "beyondRepair",
      message: expect.stringContaining("has lost its state, and with it the vote of n1"),
    });
    rmSync(join(folder, "state-00000001.new"), { recursive: true });
    expect(refusal(() => readIdentity(folder))).toMatchObject({ code: "beyondRepair" });
  });

  test("that has not taken part may come without a state: a first start was cut short", () => {
    for (const record of [fresh, locked]) {
      const folder = temporaryFolder();
      writeIdentity(folder, record);
      expect(readIdentity(folder)).toEqual(record);
    }
  });

  test("cannot be read: refused, and nothing is written", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "IDENTITY"));
    expect(refusal(() => readIdentity(folder))).toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("must be a file that this process may read"),
    });
    expect(refusal(() => writeIdentity(folder, fresh))).toBeInstanceOf(Error);
  });

  // A process of the superuser may read everything.
  test.skipIf(process.getuid?.() === 0)("that may not be read is refused", () => {
    const folder = memberFolder();
    chmodSync(join(folder, "IDENTITY"), 0o000);
    expect(refusal(() => readIdentity(folder))).toMatchObject({ code: "unreadable" });
  });

  test("an empty folder, and one that only a starting process has touched, are new", () => {
    const folder = temporaryFolder();
    expect(readIdentity(folder)).toBeUndefined();
    writeFileSync(join(folder, "LOCK"), "");
    writeFileSync(join(folder, "IDENTITY.new"), '{"format":2');
    expect(readIdentity(folder)).toBeUndefined();
  });
});

describe("replacing it", () => {
  test("is seen wholly or not at all, wherever a crash falls", () => {
    const folder = memberFolder();
    const path = join(folder, "IDENTITY");
    const before = readFileSync(path);
    writeIdentity(folder, { ...established, leasePromiseMs: 1300 });
    const after = readFileSync(path);
    for (let length = 0; length <= after.length; length += 1) {
      // Written up to here and not renamed yet; a next start replaces it again.
      writeFileSync(path, before);
      writeFileSync(`${path}.new`, after.subarray(0, length));
      expect(readIdentity(folder)).toEqual(established);
      if (length % 100 !== 0) continue;
      writeIdentity(folder, { ...established, leasePromiseMs: 1400 });
      expect(readIdentity(folder)?.leasePromiseMs).toBe(1400);
    }
  });

  test("that fails leaves the old one", () => {
    const folder = memberFolder();
    mkdirSync(join(folder, "IDENTITY.new"));
    expect(refusal(() => writeIdentity(folder, { ...established, leasePromiseMs: 1300 }))).toBeInstanceOf(Error);
    expect(readIdentity(folder)).toEqual(established);
  });

  test("leaves it readable by its owner only, whatever a crash had left", () => {
    const folder = memberFolder();
    const path = join(folder, "IDENTITY");
    writeFileSync(`${path}.new`, "longer than what comes ".repeat(1000), { mode: 0o666 });
    chmodSync(`${path}.new`, 0o666);
    writeIdentity(folder, locked);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readIdentity(folder)).toEqual(locked);
  });
});

describe("what is remembered of other nodes' starts", () => {
  test("comes back as it was written, and nothing is remembered at first", () => {
    const folder = temporaryFolder();
    expect(readPeerStarts(folder)).toEqual({ starts: new Map(), damaged: undefined });
    writePeerStarts(folder, starts);
    expect(readPeerStarts(folder)).toEqual({ starts, damaged: undefined });
  });

  test("with any byte damaged is reported as lost", () => {
    const folder = temporaryFolder();
    const path = join(folder, "PEERS");
    writePeerStarts(folder, starts);
    for (const { bytes, at } of flipped(readFileSync(path))) {
      writeFileSync(path, bytes);
      const { starts: left, damaged } = readPeerStarts(folder);
      expect(left.size, at).toBe(0);
      expect(damaged, at).toBeTypeOf("string");
    }
  });

  test("that is intact and contradicts itself is reported as lost", () => {
    for (const body of [
      { "No Id": {} },
      { n1: null },
      { n1: { instanceId: "one", start: "3", runId: "r", ancestors: [], forgotten: 0, vouched: true } },
      { n1: { instanceId: "one", start: 3, runId: "r" } },
      { n1: { instanceId: "one", start: 3, runId: "r", ancestors: [], forgotten: 0 } },
      ["n1"],
    ]) {
      const folder = temporaryFolder();
      writeSealed(join(folder, "PEERS"), body);
      expect(readPeerStarts(folder)).toEqual({ starts: new Map(), damaged: expect.stringContaining("makes no sense") });
    }
  });

  test("that cannot be read is refused", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "PEERS"));
    expect(refusal(() => readPeerStarts(folder))).toMatchObject({ code: "unreadable" });
  });
});

test("a sealed file that is no record at all is damaged", () => {
  const path = join(temporaryFolder(), "SEALED");
  for (const text of ["", "null", "[]", "7", '"text"', "{}", "{", '{"format":2,"sha256":"","body":{}}']) {
    writeFileSync(path, text);
    expect(readSealed(path).kind, text).toBe("damaged");
  }
});

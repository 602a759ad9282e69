/**
 * This file tests what counts as a command, field by field.
 */
import { describe, expect, test } from "vitest";
import type { CommandBody } from "../../src/machine/command.ts";
import { MalformedCommand } from "../../src/machine/fields.ts";
import { parseCommand } from "../../src/machine/parse-command.ts";
import { toNodeId } from "../../src/raft/types.ts";
import { bytes, make } from "./machine-fixture.ts";

const bodies: readonly CommandBody[] = [
  make.put("k", "1"),
  make.put("k/é", "", { lease: "l12", precondition: make.modRevision(7) }),
  make.put("k", "1", { precondition: { kind: "absent" } }),
  make.remove("k", { kind: "exists" }),
  make.lease(500),
  make.revoke("l1"),
  make.renew("l1", "l2"),
  make.acquire("a", { ttlMs: 86_400_000, waitMs: 86_400_000, owner: "me" }),
  make.acquireWith("l1", "a"),
  make.release("a", "l1", 1),
  make.cancel("a", 1),
  make.breakLock("a"),
  { kind: "memberHello", id: toNodeId("n1"), instanceId: "i", version: 1, stateBytesMax: 1 },
];

const put = make.put("k", "1");
const acquire = make.acquire("a");
const wrong: readonly { name: string; body: unknown; field: string }[] = [
  { name: "no object", body: "put", field: "body" },
  { name: "an unknown kind", body: { kind: "configDrop" }, field: "body.kind" },
  { name: "no node id", body: { kind: "memberHello", id: "N1", instanceId: "i", version: 1 }, field: "body.id" },
  { name: "no instance", body: { kind: "memberHello", id: "n1", instanceId: "", version: 1 }, field: "body.instanceId" },
  {
    name: "no room at all",
    body: { kind: "memberHello", id: "n1", instanceId: "i", version: 1, stateBytesMax: 0 },
    field: "body.stateBytesMax",
  },
  { name: "version 0", body: { kind: "memberHello", id: "n1", instanceId: "i", version: 0 }, field: "body.version" },
  { name: "no key", body: { ...put, key: undefined }, field: "body.key" },
  { name: "an empty key", body: { ...put, key: "" }, field: "body.key" },
  { name: "a key of 481 bytes", body: { ...put, key: `${"é".repeat(240)}x` }, field: "body.key" },
  { name: "a separator in a key", body: { ...put, key: "a\u0001b" }, field: "body.key" },
  { name: "a control character in a key", body: { ...put, key: "a\u007fb" }, field: "body.key" },
  { name: "half a character in a key", body: { ...put, key: "a\ud83d" }, field: "body.key" },
  { name: "a value that is text", body: { ...put, value: "1" }, field: "body.value" },
  { name: "a value over 1 MiB", body: { ...put, value: new Uint8Array(1024 * 1024 + 1) }, field: "body.value" },
  { name: "an empty content type", body: { ...put, contentType: "" }, field: "body.contentType" },
  {
    name: "a precondition without its revision",
    body: { ...put, precondition: { kind: "modRevision" } },
    field: "body.precondition.revision",
  },
  { name: "a lease id that is none", body: { ...put, leaseId: "l0" }, field: "body.leaseId" },
  { name: "a lease id beyond the safe integers", body: { ...put, leaseId: "l9999999999999999" }, field: "body.leaseId" },
  { name: "a comment that is missing, not null", body: { ...put, comment: undefined }, field: "body.comment" },
  { name: "a TTL below 500 ms", body: make.lease(499), field: "body.ttlMs" },
  { name: "a TTL over a day", body: make.lease(86_400_001), field: "body.ttlMs" },
  { name: "a TTL with a fraction", body: make.lease(500.5), field: "body.ttlMs" },
  { name: "a wait over a day", body: { ...acquire, waitMs: 86_400_001 }, field: "body.waitMs" },
  { name: "a lease of no kind", body: { ...acquire, lease: { kind: "none" } }, field: "body.lease.kind" },
  { name: "an own lease without TTL", body: { ...acquire, lease: { kind: "own" } }, field: "body.lease.ttlMs" },
  { name: "a fence that is text", body: { ...make.release("a", "l1", 1), fence: "1" }, field: "body.fence" },
  { name: "one wrong id among lease ids", body: { kind: "leaseRenew", leaseIds: ["l1", 2] }, field: "body.leaseIds.1" },
];

describe("a command", () => {
  for (const body of bodies) {
    test(`is read as it was written: ${JSON.stringify(body)}`, () => {
      const request = { id: "r", fingerprint: "f", since: { storeId: "s", index: 7 } };
      expect(parseCommand({ request, body })).toEqual({ request, body });
      expect(parseCommand({ request: null, body })).toEqual({ request: null, body });
    });
  }

  for (const { name, body, field } of wrong) {
    test(`is refused for ${name}, with the field`, () => {
      expect(() => parseCommand({ request: null, body })).toThrow(MalformedCommand);
      expect(() => parseCommand({ request: null, body })).toThrow(`${field} is not`);
    });
  }

  test("is refused without a request, and with half of one", () => {
    expect(() => parseCommand({ body: put })).toThrow("request is not an object");
    expect(() => parseCommand({ request: { id: "r" }, body: put })).toThrow("request.fingerprint is not");
    expect(() => parseCommand({ request: { id: "r\n", fingerprint: "f" }, body: put })).toThrow("request.id is not");
    expect(() => parseCommand({ request: { id: "r", fingerprint: "f" }, body: put })).toThrow("request.since is not");
    const since = { storeId: "s", index: -1 };
    expect(() => parseCommand({ request: { id: "r", fingerprint: "f", since }, body: put })).toThrow(
      "request.since.index is not",
    );
  });

  test("carries only what belongs to it", () => {
    const parsed = parseCommand({ request: null, extra: 1, body: { ...make.breakLock("a"), extra: 1 } });
    expect(parsed).toEqual({ request: null, body: { kind: "lockBreak", name: "a" } });
  });

  test("owns its value", () => {
    const frame = bytes("xx1xx");
    const parsed = parseCommand({ request: null, body: { ...put, value: frame.subarray(2, 3) } });
    frame.fill(0);
    expect(parsed.body).toMatchObject({ value: bytes("1") });
  });
});

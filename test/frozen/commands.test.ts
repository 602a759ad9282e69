/**
 * This file holds the bytes of every kind of command as they stand in logs. Whoever changes them raises the number of
 * their layout, or other versions misread logs without noticing.
 */
import { describe, expect, test } from "vitest";
import type { Command, CommandBody } from "../../src/machine/command.ts";
import { parseCommand } from "../../src/machine/parse-command.ts";
import { decodeCommand, encodeCommand } from "../../src/node/writes/command-codec.ts";
import { frozenCommands } from "./command-bytes.ts";
import { bytesOf, expectFrozen } from "./frozen.ts";

const raise =
  "raise commandLayout (node/command-codec.ts), formatVersion (storage/records.ts), protocolVersion (transport/handshake.ts) and, once " +
  "a version was released, clusterVersionSupported (machine/versions.ts)";

const named = { id: "r-1", fingerprint: "Zm9v", since: { storeId: "s", index: 7 } };
const value = new Uint8Array([0, 1, 255]);
const put = { kind: "configPut", key: "app/ü", value, contentType: "text/plain" };

const commands: Readonly<Record<CommandBody["kind"], readonly unknown[]>> = {
  configPut: [
    { ...put, precondition: { kind: "none" }, leaseId: null, author: null, comment: null },
    { ...put, precondition: { kind: "absent" }, leaseId: "l7", author: "me", comment: "why" },
    { ...put, precondition: { kind: "exists" }, leaseId: null, author: null, comment: null },
    { ...put, precondition: { kind: "modRevision", revision: 2 ** 40 }, leaseId: null, author: null, comment: null },
  ],
  configDelete: [{ kind: "configDelete", key: "k", precondition: { kind: "none" } }],
  leaseGrant: [{ kind: "leaseGrant", ttlMs: 30_000, owner: "me" }],
  leaseRevoke: [{ kind: "leaseRevoke", leaseId: "l9" }],
  leaseRenew: [{ kind: "leaseRenew", leaseIds: ["l1", "l22"] }],
  lockAcquire: [
    { kind: "lockAcquire", name: "n", lease: { kind: "own", ttlMs: 500 }, waitMs: 0, owner: null },
    { kind: "lockAcquire", name: "n", lease: { kind: "existing", leaseId: "l3" }, waitMs: 60_000, owner: "me" },
  ],
  lockRelease: [{ kind: "lockRelease", name: "n", leaseId: "l3", fence: 3 }],
  lockCancel: [{ kind: "lockCancel", name: "n", ticket: 4 }],
  lockBreak: [{ kind: "lockBreak", name: "n" }],
  memberHello: [{ kind: "memberHello", id: "n2", instanceId: "folder", version: 1, stateBytesMax: 2 ** 31 }],
};

const cases: readonly { readonly name: string; readonly command: Command }[] = [
  ...Object.entries(commands).flatMap(([kind, bodies]) =>
    bodies.map((body, position) => ({ name: `${kind} ${position + 1}`, command: parseCommand({ request: null, body }) })),
  ),
  { name: "named", command: parseCommand({ request: named, body: commands.lockBreak[0] }) },
  { name: "named without a past", command: parseCommand({ request: { ...named, since: null }, body: commands.lockBreak[0] }) },
];

describe("a command has its frozen bytes", () => {
  for (const { name, command } of cases) {
    test(name, () => {
      expectFrozen(encodeCommand(command), frozenCommands[name], raise);
      expect(decodeCommand(bytesOf(frozenCommands[name]))).toStrictEqual(command);
    });
  }

  test("and every fixture is one of these", () => {
    expect(Object.keys(frozenCommands).sort()).toEqual(cases.map(({ name }) => name).sort());
  });
});

/**
 * This file tests how often a command that a client named is encoded and decoded on its way through a cluster.
 */
import { expect, test, vi } from "vitest";
import { decodeCommand, encodeCommand, encodeNamed } from "../../src/node/writes/command-codec.ts";
import { DriverCluster } from "./driver-cluster.ts";

const counts = vi.hoisted(() => ({ packedBodies: 0, read: 0 }));
vi.mock("msgpackr", async (original) => {
  const msgpackr = await original<typeof import("msgpackr")>();
  class CountingPackr extends msgpackr.Packr {
    constructor(options: ConstructorParameters<typeof msgpackr.Packr>[0]) {
      super(options);
      const { pack } = this;
      this.pack = (value: unknown) => {
        // A body, alone or at the end of a command.
        if (JSON.stringify(value).includes('"kind":"lockBreak"')) counts.packedBodies += 1;
        return pack.call(this, value);
      };
    }
  }
  return { ...msgpackr, Packr: CountingPackr };
});
vi.mock("../../src/node/writes/command-reader.ts", async (original) => {
  const reader = await original<typeof import("../../src/node/writes/command-reader.ts")>();
  return {
    ...reader,
    readPacked: (bytes: Uint8Array) => {
      counts.read += 1;
      return reader.readPacked(bytes);
    },
  };
});

const name = { id: "r-1", since: { storeId: "s", index: 7 as never } };
const body = { kind: "lockBreak", name: "l" } as const;

test("from a follower to all: its body is encoded once, and its bytes are read once by each node that they come to", () => {
  const cluster = new DriverCluster();
  cluster.fill(1, 2);
  const ends: string[] = [];
  Object.assign(counts, { packedBodies: 0, read: 0 });
  cluster.n2.driver.propose({
    body,
    request: { id: "r-1", since: null },
    deadlineMs: cluster.n2.nowMs + 1000,
    settle: ({ kind }) => ends.push(kind),
  });
  cluster.tick(3);
  expect(ends).toEqual(["applied"]);
  // n1 when it is forwarded; n2 and n3 when it is appended. In memory the leader hands on the bytes that it was given, as they are.
  expect(counts.packedBodies).toBe(1);
  expect(counts.read).toBeLessThanOrEqual(3);
});

test("at the leader: it reads nothing of what it encoded itself", () => {
  const cluster = new DriverCluster();
  cluster.fill(1, 2);
  for (const machine of [cluster.n2, cluster.n3]) machine.away = true;
  Object.assign(counts, { packedBodies: 0, read: 0 });
  cluster.n1.driver.propose({
    body,
    request: { id: "r-1", since: null },
    deadlineMs: cluster.n1.nowMs + 1000,
    settle: () => undefined,
  });
  cluster.settle();
  expect(counts).toEqual({ packedBodies: 1, read: 0 });
});

test("the bytes are those of the command as a whole, and equal bodies have equal fingerprints", () => {
  const { command, bytes } = encodeNamed(name, body);
  expect(Buffer.from(bytes)).toEqual(Buffer.from(encodeCommand(command)));
  expect(decodeCommand(bytes)).toStrictEqual(command);
  expect(encodeNamed({ ...name, id: "r-2" }, { ...body }).command.request?.fingerprint).toBe(command.request?.fingerprint);
  expect(encodeNamed(name, { ...body, name: "m" }).command.request?.fingerprint).not.toBe(command.request?.fingerprint);
});

/**
 * This file tests that a data folder is known as soon as the log holds it: before that a second folder under the same id could vote
 * in its place.
 */
import { expect, test } from "vitest";
import type { Command } from "../../src/machine/command.ts";
import { loggedInstances } from "../../src/node/members/logged-instances.ts";
import { encodeCommand } from "../../src/node/writes/command-codec.ts";
import { createRaftNode, type RaftView } from "../../src/raft/node.ts";
import { type Entry, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { createMemoryDisk, readerOf } from "../raft/memory-disk.ts";
import { membershipWith } from "../raft/node-fixture.ts";
import { defaultOptions } from "../raft/scripted-cluster.ts";

const [n1, n2, n4] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n4")];
const hello = (id: string, instanceId: string): Command => ({
  request: null,
  body: { kind: "memberHello", id: toNodeId(id), instanceId, version: 1, stateBytesMax: 1 },
});
const other: Command = { request: null, body: { kind: "lockBreak", name: "memberHello" } };

/** A node that came up with these commands in its log, none of which it knows to be committed. */
function withLog(commands: readonly Uint8Array[]): RaftView {
  const disk = createMemoryDisk(membershipWith({ voters: [n1, n2] }));
  disk.entries = commands.map(
    (command, position): Entry => ({
      index: toLogIndex(position + 1),
      term: toTerm(1),
      clusterTimeMs: toClusterTimeMs(0),
      wallTimeMs: 0,
      payload: { kind: "command", id: { runId: "run", sequence: position }, command },
    }),
  );
  const options = { ...defaultOptions, id: n1, runId: "run-1", seed: 1 };
  return createRaftNode(options, { hardState: disk.hardState, log: readerOf(disk), appliedIndex: toLogIndex(0) });
}

test("a folder that is logged is known before it is applied, and the first one under an id stays", () => {
  const raft = withLog([other, hello("n4", "first"), hello("n2", "folder"), hello("n4", "second")].map(encodeCommand));
  expect(loggedInstances({ raft, appliedIndex: 0 })).toEqual(
    new Map([
      [n4, "first"],
      [n2, "folder"],
    ]),
  );
});

test("applied entries are left to the state, and entries without a command are passed over", () => {
  const raft = withLog([encodeCommand(hello("n4", "first")), Buffer.from("memberHello"), encodeCommand(hello("n2", "folder"))]);
  expect(loggedInstances({ raft, appliedIndex: 1 })).toEqual(new Map([[n2, "folder"]]));
  expect(loggedInstances({ raft, appliedIndex: 3 })).toEqual(new Map());
});

test("a log of many megabytes is read in portions", () => {
  const large = { ...other, body: { ...other.body, kind: "configPut", key: "k", value: new Uint8Array(700_000) } } as never;
  const raft = withLog([encodeCommand(large), encodeCommand(large), encodeCommand(large), encodeCommand(hello("n4", "f"))]);
  expect(loggedInstances({ raft, appliedIndex: 0 })).toEqual(new Map([[n4, "f"]]));
});

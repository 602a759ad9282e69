/**
 * This file tests that a linearizable read is served at the right index, and always ends.
 */
import { describe, expect, test } from "vitest";
import { Reads } from "../../src/node/waits/reads.ts";
import { toLogIndex, toNodeId } from "../../src/raft/types.ts";

function setUp(readTicksMax = 5) {
  const reads = new Reads({ firstReadId: 100, readTicksMax });
  const ends: string[] = [];
  const add = (name: string, deadlineMs = 1000) => reads.add({ deadlineMs, settle: (end) => ends.push(`${name}: ${end.kind}`) });
  return { reads, ends, add };
}

describe("a linearizable read", () => {
  test("is served at once when its index is applied already", () => {
    const { reads, ends, add } = setUp();
    add("a");
    expect(reads.ask()).toBe(100);
    reads.ready(100, toLogIndex(5), toLogIndex(5));
    expect(ends).toEqual(["a: ready"]);
  });

  test("waits until its index is applied", () => {
    const { reads, ends, add } = setUp();
    add("a");
    reads.ask();
    reads.ready(100, toLogIndex(5), toLogIndex(4));
    reads.applied(toLogIndex(4));
    expect(ends).toEqual([]);
    reads.applied(toLogIndex(6));
    expect(ends).toEqual(["a: ready"]);
  });

  test("that comes while a request is out shares the next request, not this one", () => {
    const { reads, ends, add } = setUp();
    add("a");
    expect(reads.ask()).toBe(100);
    add("b");
    expect(reads.ask()).toBeUndefined();
    reads.ready(100, toLogIndex(1), toLogIndex(1));
    expect(ends).toEqual(["a: ready"]);
    expect(reads.ask()).toBe(101);
  });

  test("asks again when its request was dropped or stays without an answer, and a late answer is void", () => {
    const { reads, ends, add } = setUp(2);
    add("a");
    reads.ask();
    reads.dropped(100);
    reads.roleChanged({ leaderId: toNodeId("n2") });
    expect(reads.ask()).toBe(101);
    reads.expire(0);
    expect(reads.ask()).toBeUndefined();
    reads.expire(0);
    expect(reads.ask()).toBe(102);
    reads.ready(101, toLogIndex(1), toLogIndex(9));
    expect(ends).toEqual([]);
    reads.ready(102, toLogIndex(1), toLogIndex(9));
    expect(ends).toEqual(["a: ready"]);
  });

  test("that was refused is asked again at a tick or when a leader is known, not before", () => {
    const { reads, ends, add } = setUp();
    add("a");
    reads.ask();
    reads.dropped(100);
    reads.roleChanged({ leaderId: null });
    expect([reads.ask(), reads.count]).toEqual([undefined, 1]);
    reads.expire(0);
    expect(reads.ask()).toBe(101);
    reads.dropped(101);
    add("b");
    expect(reads.count).toBe(2);
    reads.close();
    expect(ends).toEqual(["a: shuttingDown", "b: shuttingDown"]);
  });

  test("ends at its deadline also while it waits for an answer, or for its index to be applied", () => {
    const { reads, ends, add } = setUp();
    add("indexed", 10);
    reads.ask();
    reads.ready(100, toLogIndex(9), toLogIndex(1));
    add("asked", 20);
    reads.ask();
    reads.expire(10);
    expect(ends).toEqual(["indexed: noLeader"]);
    reads.expire(20);
    expect(ends).toEqual(["indexed: noLeader", "asked: noLeader"]);
    expect(reads.count).toBe(0);
  });

  test("ends as noLeader at its deadline, as shuttingDown at the end", () => {
    const { reads, ends, add } = setUp();
    add("a", 10);
    add("b", 20);
    reads.expire(10);
    expect(ends).toEqual(["a: noLeader"]);
    reads.close();
    expect(ends).toEqual(["a: noLeader", "b: shuttingDown"]);
    expect(reads.count).toBe(0);
  });
});

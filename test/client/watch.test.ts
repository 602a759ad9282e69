/**
 * This file tests the watch against real sockets: going on elsewhere with no gap and no repeat, credit, and how it ends.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createClient, type KeyholdClient, type Watch, type WatchItem, type WatchOptions } from "../../openapi/client/index.ts";
import type { ClientOptions } from "../../openapi/client/options.ts";
import { until } from "./fake-node.ts";
import { entryAt, type FakeWatchNode, type Opened, putAt, startFakeWatchNode } from "./fake-watch-node.ts";

const opened: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function startNode(script: (opened: Opened, count: number) => void): Promise<FakeWatchNode> {
  const node = await startFakeWatchNode(script);
  opened.push(node);
  return node;
}

function watch(nodes: readonly FakeWatchNode[], options: Partial<WatchOptions>, clientOptions: Partial<ClientOptions> = {}) {
  const client = createClient({
    endpoints: nodes.map((node) => node.url),
    environment: { random: () => 0 },
    ...clientOptions,
  });
  opened.unshift(client);
  return client.watch({ targets: [{ kind: "config", prefix: "" }], ...options });
}

/** The first `count` items in short. */
async function take(items: AsyncIterable<WatchItem>, count: number): Promise<string[]> {
  const told: string[] = [];
  for await (const item of items) {
    told.push(item.kind === "failed" ? `failed ${item.error.code}` : `${item.kind} ${item.revision}`);
    if (told.length === count) break;
  }
  return told;
}

describe("the stream", () => {
  test("a snapshot, synced, then changes; every message is acknowledged once it was taken", async () => {
    const node = await startNode((session) => {
      session.accept(41);
      session.snapshot(40, [entryAt(3, "a")]);
      session.snapshot(40, [entryAt(4, "b")]);
      session.synced(40);
      session.events([putAt(41), putAt(43)]);
      session.events([putAt(44)]);
      session.progress(50);
    });
    const client = createClient({ endpoints: [node.url] });
    opened.unshift(client);
    const items = client.watch({ prefix: "a/" })[Symbol.asyncIterator]();
    const told: unknown[] = [];
    for (let i = 0; i < 6; i++) told.push(await items.next());
    expect(told).toMatchObject([
      { value: { kind: "snapshot", revision: 40, config: [{ key: "a" }, { key: "b" }] } },
      { value: { kind: "synced", revision: 40 } },
      { value: { kind: "events", revision: 41, wallTimeMs: 1_041, events: [{ kind: "configPut", key: "a", value: 41 }] } },
      { value: { kind: "events", revision: 43 } },
      { value: { kind: "events", revision: 44 } },
      { value: { kind: "progress", revision: 50 } },
    ]);
    expect(node.opened[0]).toEqual({
      watchId: "w",
      timeoutMs: 3_000,
      targets: [{ kind: "config", prefix: "a/" }],
      from: "snapshot",
      storeId: "s1",
    });
    await until("the acknowledgements", () => node.acked.length === 4);
    expect(node.acked).toEqual([1, 2, 3, 4]);
  });

  test("a message is not acknowledged while its last revision is with the consumer", async () => {
    const node = await startNode((session) => {
      session.accept(1);
      session.events([putAt(1), putAt(2)]);
      session.events([putAt(3)]);
    });
    const items = watch([node], { from: "now" })[Symbol.asyncIterator]();
    await items.next();
    await items.next();
    expect(node.acked).toEqual([]);
    await items.next();
    await until("the acknowledgement", () => node.acked.length === 1);
    expect(node.acked).toEqual([1]);
    await items.return?.();
  });

  test("leaving the loop closes the socket", async () => {
    const node = await startNode((session) => {
      session.accept(1);
      session.events([putAt(1)]);
    });
    expect(await take(watch([node], { from: "now" }), 1)).toEqual(["events 1"]);
    await until("the socket to close", () => node.connected() === 0);
  });

  for (const [what, end] of [
    ["closing the client", (client: KeyholdClient) => client.close()],
    ["closing the watch", (_: KeyholdClient, items: Watch) => items.close()],
  ] as const) {
    test(`${what} closes the socket also while the consumer is busy with an item, and nothing is told after it`, async () => {
      const node = await startNode((session) => {
        session.accept(1);
        // Revision 2 is of the same message, and is not told either.
        session.events([putAt(1), putAt(2)]);
      });
      const client = createClient({ endpoints: [node.url] });
      opened.unshift(client);
      const items = client.watch({ prefix: "", from: { revision: 1 } });
      const iterator = items[Symbol.asyncIterator]();
      expect(await iterator.next()).toMatchObject({ value: { kind: "events", revision: 1 } });
      end(client, items);
      await until("the socket to close", () => node.connected() === 0);
      expect(await iterator.next()).toEqual({ value: undefined, done: true });
    });
  }

  test("close ends an iteration that waits, and so does the caller's signal", async () => {
    const node = await startNode((session) => session.accept(1));
    const caller = new AbortController();
    const first = watch([node], { from: "now" });
    const second = watch([node], { from: "now", signal: caller.signal });
    const both = Promise.all([take(first, 9), take(second, 9)]);
    await until("both watches", () => node.opened.length === 2);
    first.close();
    caller.abort();
    expect(await both).toEqual([[], []]);
  });
});

describe("going on elsewhere", () => {
  test("the death of a node costs no change and tells none twice", async () => {
    const first = await startNode((session) => {
      session.accept(41);
      session.snapshot(40, []);
      session.synced(40);
      session.events([putAt(41), putAt(42)]);
      session.socket.conn.once("drain", () => session.socket.conn.close());
    });
    const second = await startNode((session) => {
      session.accept(43);
      // A node that repeats what it need not, and says synced again.
      session.events([putAt(42), putAt(43)]);
      session.synced(43);
      session.events([putAt(44)]);
    });
    const told = await take(watch([first, second], {}), 6);
    expect(told).toEqual(["snapshot 40", "synced 40", "events 41", "events 42", "events 43", "events 44"]);
    expect(second.opened[0]).toMatchObject({ from: { revision: 43 }, storeId: "s1" });
  });

  test("a node that cannot be reached is passed over", async () => {
    const gone = await startFakeWatchNode(() => {});
    await gone.close();
    const live = await startNode((session) => {
      session.accept(1);
      session.events([putAt(1)]);
    });
    expect(await take(watch([gone, live], { from: "now" }), 1)).toEqual(["events 1"]);
  });

  test("a snapshot that compaction overtook begins anew, a bounded number of times", async () => {
    const node = await startNode((session, count) => {
      session.accept(41);
      session.snapshot(40 + count, [entryAt(3, "a")]);
      if (count < 3) return session.fail("compacted", { compactRevision: 50 });
      session.synced(40 + count);
    });
    expect(await take(watch([node], {}), 2)).toEqual(["snapshot 43", "synced 43"]);
    const hopeless = await startNode((session) => {
      session.accept(41);
      session.fail("compacted", { compactRevision: 50 });
    });
    expect(await take(watch([hopeless], {}), 1)).toEqual(["failed compacted"]);
    expect(hopeless.opened).toHaveLength(8);
  });

  for (const code of ["slow_consumer", "shutting_down", "internal"]) {
    test(`${code} is followed by a resume after what was delivered`, async () => {
      const node = await startNode((session, count) => {
        session.accept(1);
        session.events([putAt(count)]);
        if (count === 1) session.fail(code);
      });
      expect(await take(watch([node], { from: { revision: 1 } }), 2)).toEqual(["events 1", "events 2"]);
      expect(node.opened.map(({ from }) => from)).toEqual([{ revision: 1 }, { revision: 2 }]);
    });
  }

  test("a message that is missing is noticed, and asked for again", async () => {
    const node = await startNode((session, count) => {
      session.accept(1);
      if (count === 1) {
        session.events([putAt(1)]);
        session.events([putAt(3)], 3);
      } else session.events([putAt(2), putAt(3)]);
    });
    expect(await take(watch([node], { from: { revision: 1 } }), 3)).toEqual(["events 1", "events 2", "events 3"]);
    expect(node.opened[1]?.from).toEqual({ revision: 2 });
  });

  test("a node that lags behind is not the end: the next one may know the revision", async () => {
    const lagging = await startNode((session) => session.refuse("future_revision", { revision: 5 }));
    const current = await startNode((session) => {
      session.accept(9);
      session.events([putAt(9)]);
    });
    expect(await take(watch([lagging, current], { from: { revision: 9 } }), 1)).toEqual(["events 9"]);
  });

  test("a node that accepts the connection and says nothing is left", async () => {
    const mute = await startNode(() => {});
    const live = await startNode((session) => {
      session.accept(1);
      session.events([putAt(1)]);
    });
    expect(await take(watch([mute, live], { from: "now" }, { attemptTimeoutMs: 50 }), 1)).toEqual(["events 1"]);
  });
});

describe("the end", () => {
  for (const code of ["compacted", "invalid_request", "limit_reached"]) {
    test(`${code} is told as the last item`, async () => {
      const node = await startNode((session) => session.refuse(code, { compactRevision: 30 }));
      const told: WatchItem[] = [];
      for await (const item of watch([node], { from: { revision: 7 } })) told.push(item);
      expect(told).toEqual([{ kind: "failed", error: { code, detail: code, compactRevision: 30 } }]);
      await until("the socket to close", () => node.connected() === 0);
    });
  }

  test("another store at the same endpoint is store_changed, noticed before anything is opened", async () => {
    const node = await startNode((session) => {
      session.accept(1);
      session.events([putAt(1)]);
      node.storeId = "s2";
      session.socket.conn.once("drain", () => session.socket.conn.close());
    });
    expect(await take(watch([node], { from: "now" }), 9)).toEqual(["events 1", "failed store_changed"]);
    expect(node.opened).toHaveLength(1);
  });

  test("with resync the watch starts over with a snapshot instead", async () => {
    const node = await startNode((session, count) => {
      if (count === 1) return session.refuse("compacted", { compactRevision: 30 });
      session.accept(51);
      session.snapshot(50, [entryAt(45)]);
      session.synced(50);
      session.events([putAt(51)]);
    });
    const told = await take(watch([node], { from: { revision: 7 }, resync: true }), 3);
    expect(told).toEqual(["snapshot 50", "synced 50", "events 51"]);
    expect(node.opened.map(({ from }) => from)).toEqual([{ revision: 7 }, "snapshot"]);
  });

  test("a revision that no node reaches within requestTimeoutMs is future_revision", async () => {
    const node = await startNode((session) => session.refuse("future_revision", { revision: 5 }));
    const options = { requestTimeoutMs: 30, retry: { delayMsMin: 1, delayMsMax: 5 } };
    expect(await take(watch([node], { from: { revision: 900 } }, options), 9)).toEqual(["failed future_revision"]);
    expect(node.opened.length).toBeGreaterThan(1);
  });

  test("a watch of nothing, or of two things at once, is a TypeError", () => {
    const client = createClient({ endpoints: ["http://127.0.0.1:1"] });
    expect(() => client.watch({})).toThrow(TypeError);
    expect(() => client.watch({ prefix: "a", targets: [] })).toThrow(TypeError);
  });
});

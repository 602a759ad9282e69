/**
 * This file tests the watch gateway with Socket.IO's own client.
 */
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { toRevision } from "../../src/node/service.ts";
import { send, startApi, type TestApi, until } from "./harness.ts";
import { WatchClient } from "./watch-client.ts";
import { configUnder, handshakeWith, untilOk, useWatchApi } from "./watch-fixture.ts";

const watched = useWatchApi();
const { client, keep, put } = watched;

describe("a connection", () => {
  test("is greeted with where the node stands and what it allows", async () => {
    const revision = await put("greet", "1");
    const [hello] = (await client()).of("hello");
    expect(hello).toMatchObject({ storeId: "store-test", node: "n1", revision, compactRevision: 0 });
    expect(hello?.["limits"]).toEqual({
      watchesMax: 100,
      targetsMax: 100,
      unackedMax: 64,
      messageBytesMax: 262_144,
      progressMs: 10_000,
    });
  });

  test("to another namespace is refused", async () => {
    const other = keep(new WatchClient(watched.api));
    const root = other.socket.io.socket("/");
    const refused = new Promise<Error>((resolve) => root.on("connect_error", resolve));
    expect((await refused).message).toBe("the namespace is /watch");
  });

  test("from a page of another origin is refused, and from the node's own is not", async () => {
    const foreign = keep(new WatchClient(watched.api, { extraHeaders: { origin: "http://evil.test" } }));
    await new Promise((resolve) => foreign.socket.on("connect_error", resolve));
    expect(foreign.heard).toEqual([]);
    const own = keep(new WatchClient(watched.api, { extraHeaders: { origin: watched.api.url } }));
    await own.until(() => own.of("hello").length === 1);
  });

  test("by polling does not exist", async () => {
    const polling = keep(new WatchClient(watched.api, { transports: ["polling"] }));
    await new Promise((resolve) => polling.socket.on("connect_error", resolve));
    expect((await send(watched.api, "GET", "/v1/socket.io/?EIO=4&transport=polling")).body["code"]).toBe("not_found");
  });

  test("beyond the bound on sockets is refused with a problem", async () => {
    const small = await startApi({ watch: { socketsMax: 1 } });
    try {
      await client(small);
      const answer = await upgrade(small, "");
      expect(answer).toMatch(/^HTTP\/1\.1 503 /);
      expect(answer).toContain('"code":"overloaded"');
      expect(answer).toMatch(/keyhold-served-by: n1/i);
    } finally {
      await small.stop();
    }
  });

  test("that is no websocket of ours gets a problem, never a page", async () => {
    for (const extra of ["Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Key: short\r\n"]) {
      const answer = await upgrade(watched.api, extra);
      expect(answer, extra).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain("application/problem+json");
      expect(answer).not.toMatch(/text\/html/i);
    }
  });
});

describe("a watch", () => {
  test("from now hears synced once, and then what happens", async () => {
    const watcher = await client();
    const opened = await watcher.ask("watch:open", { watchId: "w", targets: configUnder("now/"), from: "now" });
    const revision = await put("now/a", '{"n": 9007199254740993}');
    await watcher.until(() => watcher.batches("w").length === 1);
    expect(opened).toEqual({ ok: true, startRevision: revision });
    expect(watcher.of("watch:synced", "w")).toEqual([{ watchId: "w", revision: revision - 1 }]);
    expect(watcher.batches("w")[0]).toMatchObject({ revision, events: [{ kind: "configPut", key: "now/a", version: 1 }] });
  });

  test("from a snapshot hears the present, synced, and then what happens", async () => {
    await put("snap/a", "1");
    const revision = await put("snap/b", "2");
    await send(watched.api, "POST", "/v1/locks/snap/l/acquire", { body: { ttlMs: 60_000 } });
    const watcher = await client();
    const targets = [
      ...configUnder("snap/"),
      { kind: "lock", prefix: "snap/" },
      { kind: "lease", prefix: "l" },
      { kind: "member" },
    ];
    await watcher.ask("watch:open", { watchId: "s", targets, from: "snapshot" });
    await watcher.until(() => watcher.of("watch:synced", "s").length === 1);
    const [snapshot] = watcher.of("watch:snapshot", "s");
    expect(snapshot).toMatchObject({ config: [{ key: "snap/a" }, { key: "snap/b" }], locks: [{ name: "snap/l" }] });
    expect(snapshot?.["leases"]).not.toEqual([]);
    await send(watched.api, "DELETE", "/v1/config/snap/a");
    await watcher.until(() => watcher.batches("s").length === 1);
    expect(watcher.batches("s")[0]?.events).toEqual([{ kind: "configDeleted", key: "snap/a", reason: "deleted" }]);
    expect(Number(snapshot?.["revision"])).toBeGreaterThan(revision);
  });

  test("from a snapshot of nothing hears no part and synced", async () => {
    const watcher = await client();
    await watcher.ask("watch:open", { watchId: "e", targets: configUnder("empty/"), from: "snapshot" });
    await watcher.until(() => watcher.of("watch:synced", "e").length === 1);
    expect(watcher.of("watch:snapshot", "e")).toEqual([]);
  });

  test("from a snapshot that is large hears it in parts", async () => {
    const small = await startApi({ watch: { packetBytesMax: 1_000 } });
    try {
      for (let i = 0; i < 10; i++) await put(`parts/${i}`, JSON.stringify("x".repeat(300)), small);
      const watcher = await client(small);
      await watcher.ask("watch:open", { watchId: "p", targets: configUnder("parts/"), from: "snapshot" });
      await watcher.until(() => watcher.of("watch:synced", "p").length === 1);
      const parts = watcher.of("watch:snapshot", "p");
      expect(parts.flatMap((part) => (part["config"] as { key: string }[]).map((entry) => entry.key))).toHaveLength(10);
      expect(parts.map((part) => part["seq"])).toEqual([1, 2, 3, 4, 5]);
    } finally {
      await small.stop();
    }
  });

  test("resumed at a revision hears every later one once, history first", async () => {
    const first = await put("resume/a", "1");
    const others = [await put("resume/b", "2"), await put("resume/a", "3")];
    const watcher = await client();
    await watcher.ask("watch:open", {
      watchId: "r",
      targets: configUnder("resume/"),
      from: { revision: first },
      storeId: "store-test",
    });
    await watcher.until(() => watcher.of("watch:synced", "r").length === 1);
    others.push(await put("resume/c", "4"));
    await watcher.until(() => watcher.batches("r").length === 4);
    expect(watcher.revisions("r")).toEqual([first, ...others]);
    const syncedAt = watcher.heard.findIndex((heard) => heard.event === "watch:synced");
    const historyAt = watcher.heard.findIndex((heard) => heard.event === "watch:events");
    expect(historyAt).toBeLessThan(syncedAt);
  });

  test("of locks and leases hears a whole handoff", async () => {
    const watcher = await client();
    const targets = [{ kind: "lock", key: "events/l" }];
    await watcher.ask("watch:open", { watchId: "l", targets, from: "now" });
    const hold = await send(watched.api, "POST", "/v1/locks/events/l/acquire", { body: { ttlMs: 60_000 } });
    await send(watched.api, "POST", "/v1/locks/events/l/acquire?holdMs=0", { body: { ttlMs: 60_000, waitMs: 60_000 } });
    await send(watched.api, "POST", "/v1/locks/events/l/release", {
      body: { leaseId: hold.body["leaseId"], fence: hold.body["fence"] },
    });
    const kinds = () => watcher.batches("l").flatMap((batch) => batch.events.map((event) => event["kind"]));
    await watcher.until(() => kinds().length >= 4);
    expect(kinds()).toEqual(["lockGranted", "lockQueued", "lockReleased", "lockGranted"]);
  });

  test("that was closed hears nothing more, and its id is free again", async () => {
    const watcher = await client();
    const open = { watchId: "c", targets: configUnder("close/"), from: "now" };
    await watcher.ask("watch:open", open);
    expect(await watcher.ask("watch:close", { watchId: "c" })).toEqual({ ok: true });
    await put("close/a", "1");
    expect(await watcher.ask("watch:open", open)).toMatchObject({ ok: true });
    await put("close/b", "1");
    await watcher.until(() => watcher.batches("c").length === 1);
    expect(watcher.batches("c")[0]?.events).toMatchObject([{ key: "close/b" }]);
  });

  test("that was closed while it waited for its revision does not open, and its id is free again", async () => {
    const watcher = await client();
    const revision = await put("early/a", "1");
    const open = { watchId: "e", targets: configUnder("early/"), from: { revision: revision + 3 } };
    const opening = watcher.ask("watch:open", open);
    expect(await watcher.ask("watch:close", { watchId: "e" })).toEqual({ ok: true });
    expect(await opening).toMatchObject({ ok: false, error: { watchId: "e", code: "invalid_request" } });
    expect(await watcher.ask("watch:open", { ...open, from: "now" })).toMatchObject({ ok: true });
    await watcher.ask("watch:close", { watchId: "e" });
    for (const name of ["b", "c", "d"]) await put(`early/${name}`, "1");
    await until(() => watched.api.service.status().watches === 0);
    await watcher.ask("watch:close", { watchId: "barrier" });
    expect(watcher.batches("e")).toEqual([]);
  });

  test("hears from many sockets the same text", async () => {
    const watchers = await Promise.all([client(), client(), client()]);
    for (const watcher of watchers) await watcher.ask("watch:open", { watchId: "m", targets: configUnder("many/"), from: "now" });
    const revisions = [await put("many/a", "1"), await put("many/b", "2")];
    for (const watcher of watchers) {
      await watcher.until(() => watcher.batches("m").length === 2);
      expect(watcher.revisions("m")).toEqual(revisions);
    }
  });

  test("that is silent hears how far it is", async () => {
    const quick = await startApi({ watch: { progressIntervalMs: 20 } });
    try {
      const watcher = await client(quick);
      await watcher.ask("watch:open", { watchId: "q", targets: configUnder("quiet/"), from: "now" });
      const revision = await put("loud/a", "1", quick);
      await watcher.until(() => watcher.of("watch:progress", "q").some((message) => message["revision"] === revision));
      expect(watcher.batches("q")).toEqual([]);
    } finally {
      await quick.stop();
    }
  });
});

describe("a watch is refused", () => {
  const targets = configUnder("a");
  const cases: readonly { readonly name: string; readonly message: unknown }[] = [
    { name: "null", message: null },
    { name: "a number", message: 7 },
    { name: "without a watchId", message: { targets, from: "now" } },
    { name: "with a long watchId", message: { watchId: "x".repeat(65), targets, from: "now" } },
    { name: "without targets", message: { watchId: "x", targets: [], from: "now" } },
    {
      name: "with too many targets",
      message: { watchId: "x", targets: Array.from({ length: 101 }, () => targets[0]), from: "now" },
    },
    {
      name: "with a key and a prefix",
      message: { watchId: "x", targets: [{ kind: "config", key: "a", prefix: "" }], from: "now" },
    },
    { name: "with a kind that is none", message: { watchId: "x", targets: [{ kind: "__proto__", key: "a" }], from: "now" } },
    { name: "from nowhere", message: { watchId: "x", targets } },
    { name: "from a negative revision", message: { watchId: "x", targets, from: { revision: -1 } } },
    { name: "from text", message: { watchId: "x", targets, from: "yesterday" } },
    { name: "with more than there is", message: { watchId: "x", targets, from: "now", colour: "red" } },
  ];
  for (const { name, message } of cases) {
    test(`${name}`, async () => {
      const answer = await (await client()).ask("watch:open", message);
      expect(answer).toMatchObject({ ok: false, error: { code: "invalid_request" } });
    });
  }

  test("when its id is taken, and the first one goes on", async () => {
    const watcher = await client();
    await watcher.ask("watch:open", { watchId: "twice", targets: configUnder("twice/"), from: "now" });
    const second = await watcher.ask("watch:open", { watchId: "twice", targets: configUnder("twice/"), from: "now" });
    expect(second).toMatchObject({ ok: false, error: { code: "invalid_request", watchId: "twice" } });
    await put("twice/a", "1");
    await watcher.until(() => watcher.batches("twice").length === 1);
  });

  test("beyond the bounds of a socket and of a node", async () => {
    const small = await startApi({ watch: { watchesPerSocketMax: 1, watchesMax: 2 } });
    try {
      const open = (watchId: string) => ({ watchId, targets, from: "now" });
      const [a, b, c] = [await client(small), await client(small), await client(small)];
      expect(await a.ask("watch:open", open("1"))).toMatchObject({ ok: true });
      const perSocket = await a.ask("watch:open", open("2"));
      expect(perSocket["error"]).toMatchObject({ code: "limit_reached", limit: "watchesPerSocket", max: 1 });
      expect(await b.ask("watch:open", open("1"))).toMatchObject({ ok: true });
      const perNode = await c.ask("watch:open", open("1"));
      expect(perNode["error"]).toMatchObject({ code: "limit_reached", limit: "watchesPerNode", max: 2 });
      a.close();
      await a.until(() => !a.socket.connected);
      await untilOk(() => c.ask("watch:open", open("1")));
    } finally {
      await small.stop();
    }
  });

  test("for a revision that is gone, and says which is left", async () => {
    watched.api.service.refuseNextWatch({ kind: "compacted", compactRevision: toRevision(7) });
    const answer = await (await client()).ask("watch:open", { watchId: "x", targets, from: { revision: 1 } });
    expect(answer["error"]).toMatchObject({ code: "compacted", compactRevision: 7, watchId: "x" });
  });

  test("for a revision that does not come, and opened for one that does", async () => {
    const quick = await startApi({ watch: { futureWaitMs: 50 } });
    try {
      const watcher = await client(quick);
      const revision = await put("future/a", "1", quick);
      const refused = await watcher.ask("watch:open", { watchId: "x", targets, from: { revision: revision + 9 } });
      expect(refused["error"]).toMatchObject({ code: "future_revision", revision });
    } finally {
      await quick.stop();
    }
    const watcher = await client();
    const revision = await put("future/a", "1");
    const opening = watcher.ask("watch:open", {
      watchId: "y",
      targets: configUnder("future/"),
      from: { revision: revision + 2 },
    });
    await put("future/b", "1");
    expect(await opening).toEqual({ ok: true, startRevision: revision + 2 });
    await put("future/c", "1");
    await watcher.until(() => watcher.batches("y").length === 1);
    expect(watcher.batches("y")[0]?.events).toMatchObject([{ key: "future/c" }]);
  });

  test("while the node has not got lost data back", async () => {
    watched.api.service.show({ quarantined: true });
    try {
      watched.api.service.refuseNextWatch({ kind: "recovering" });
      const answer = await (await client()).ask("watch:open", { watchId: "x", targets, from: "snapshot" });
      expect(answer).toMatchObject({ ok: false, error: { code: "recovering" } });
      const ready = await send(watched.api, "GET", "/readyz");
      expect(ready.body).toMatchObject({ code: "not_ready", detail: expect.stringContaining("state: part of the log was lost") });
    } finally {
      watched.api.service.show({});
    }
  });

  test("for another store, and says which is here", async () => {
    const message = { watchId: "x", targets, from: { revision: 1 }, storeId: "another" };
    const answer = await (await client()).ask("watch:open", message);
    expect(answer["error"]).toMatchObject({ code: "store_changed", storeId: "store-test" });
  });
});

/** What a websocket handshake with `extra` headers is answered until the server closes. */
function upgrade(of: TestApi, extra: string): Promise<string> {
  const named = extra.split(":", 1)[0] ?? "";
  const standard = ["Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"];
  const headers = [...standard.filter((header) => named === "" || !header.startsWith(named)), extra].join("");
  return new Promise((resolve, reject) => {
    const socket = connect(of.api.port, "127.0.0.1", () => {
      socket.write(`${handshakeWith(of)}${headers}\r\n`);
    });
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.on("error", reject);
  });
}

/**
 * This file tests what the watch gateway does with clients that are slow, send what is not allowed, or do not close, and with leases kept alive.
 */
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { send, startApi, type TestApi } from "./harness.ts";
import { configUnder, handshakeWith, untilOk, useWatchApi, websocketHeaders } from "./watch-fixture.ts";

const watched = useWatchApi();
const { client, put } = watched;

describe("a slow client", () => {
  test("gets no more than its window, and the rest as it acknowledges", async () => {
    const small = await startApi({ watch: { windowPackets: 2, batchesPerPacketMax: 1 } });
    try {
      const watcher = await client(small);
      watcher.acknowledges = false;
      const first = await put("slow/0", "1", small);
      const revisions = [first];
      for (let i = 1; i < 6; i++) revisions.push(await put(`slow/${i}`, "1", small));
      await watcher.ask("watch:open", { watchId: "s", targets: configUnder("slow/"), from: { revision: first } });
      await watcher.until(() => watcher.batches("s").length >= 2);
      for (let i = 0; i < 5; i++) await watcher.ask("watch:close", { watchId: "barrier" });
      expect(watcher.revisions("s")).toEqual(revisions.slice(0, 2));
      watcher.socket.emit("watch:ack", { watchId: "s", seq: 1 });
      await watcher.until(() => watcher.batches("s").length === 3);
      watcher.acknowledges = true;
      watcher.socket.emit("watch:ack", { watchId: "s", seq: 3 });
      await watcher.until(() => watcher.of("watch:synced", "s").length === 1);
      expect(watcher.revisions("s")).toEqual(revisions);
    } finally {
      await small.stop();
    }
  });

  test("that never acknowledges is ended with `slow_consumer`, and can resume", async () => {
    const small = await startApi({
      watch: { windowPackets: 1, batchesPerPacketMax: 1, slowConsumerMs: 50, progressIntervalMs: 50 },
    });
    try {
      const watcher = await client(small);
      watcher.acknowledges = false;
      const first = await put("never/a", "1", small);
      const second = await put("never/b", "1", small);
      await watcher.ask("watch:open", { watchId: "n", targets: configUnder("never/"), from: { revision: first } });
      await watcher.until(() => watcher.of("watch:error", "n").length === 1);
      expect(watcher.of("watch:error", "n")[0]).toMatchObject({ code: "slow_consumer" });
      expect(watcher.revisions("n")).toEqual([first]);
      watcher.acknowledges = true;
      await watcher.ask("watch:open", { watchId: "n", targets: configUnder("never/"), from: { revision: first + 1 } });
      await watcher.until(() => watcher.batches("n").length === 2);
      expect(watcher.revisions("n")).toEqual([first, second]);
    } finally {
      await small.stop();
    }
  });
});

describe("leases kept alive over a socket", () => {
  test("are renewed in order, and those that ended are distinguished from the others", async () => {
    const lease = await send(watched.api, "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
    const leaseId = lease.body["leaseId"];
    const answer = await (await client()).ask("lease:keepalive", { leaseIds: ["l999999", leaseId] });
    expect(answer).toEqual({
      ok: true,
      renewals: [
        { leaseId: "l999999", ttlMs: null },
        { leaseId, ttlMs: 30_000 },
      ],
    });
  });

  test("hear of a grant they waited for, and of a hold they lost", async () => {
    const keeper = await client();
    const lease = await send(watched.api, "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
    const leaseId = String(lease.body["leaseId"]);
    await keeper.ask("lease:keepalive", { leaseIds: [leaseId] });
    const hold = await send(watched.api, "POST", "/v1/locks/notice/a/acquire", { body: { ttlMs: 30_000 } });
    await send(watched.api, "POST", "/v1/locks/notice/a/acquire?holdMs=0", { body: { leaseId, waitMs: 60_000 } });
    await send(watched.api, "POST", "/v1/locks/notice/a/release", {
      body: { leaseId: hold.body["leaseId"], fence: hold.body["fence"] },
    });
    await keeper.until(() => keeper.of("lock:granted").length === 1);
    expect(keeper.of("lock:granted")[0]).toMatchObject({ name: "notice/a", leaseId });
    await send(watched.api, "DELETE", "/v1/locks/notice/a/holder");
    await keeper.until(() => keeper.of("lock:lost").length === 1);
    expect(keeper.of("lock:lost")[0]).toMatchObject({ name: "notice/a", leaseId, reason: "broken" });
    await send(watched.api, "POST", "/v1/locks/notice/b/acquire", { body: { leaseId } });
    await send(watched.api, "DELETE", `/v1/leases/${leaseId}`);
    await keeper.until(() => keeper.of("lock:lost").length === 2);
    expect(keeper.of("lock:lost")[1]).toMatchObject({ name: "notice/b", leaseId, reason: "leaseEnded" });
  });

  test("are bounded, and one that was counted is not counted again", async () => {
    const small = await startApi({ watch: { leasesPerSocketMax: 2 } });
    try {
      const keeper = await client(small);
      const leaseIds: unknown[] = [];
      for (let i = 0; i < 3; i++) {
        const lease = await send(small, "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
        leaseIds.push(lease.body["leaseId"]);
      }
      for (let i = 0; i < 3; i++)
        expect(await keeper.ask("lease:keepalive", { leaseIds: leaseIds.slice(0, 2) })).toMatchObject({ ok: true });
      expect(await keeper.ask("lease:keepalive", { leaseIds: leaseIds.slice(2) })).toMatchObject({ ok: false });
      await send(small, "DELETE", `/v1/leases/${String(leaseIds[0])}`);
      await untilOk(() => keeper.ask("lease:keepalive", { leaseIds: leaseIds.slice(2) }));
    } finally {
      await small.stop();
    }
  });

  test("are refused with a problem when the message is invalid or the cluster has no leader", async () => {
    const keeper = await client();
    for (const message of [null, {}, { leaseIds: [] }, { leaseIds: ["x"] }, { leaseIds: ["l9999999999999999"] }]) {
      expect(await keeper.ask("lease:keepalive", message)).toMatchObject({ ok: false, error: { code: "invalid_request" } });
    }
    watched.api.service.failNext({ kind: "noLeader" });
    expect(await keeper.ask("lease:keepalive", { leaseIds: ["l1"] })).toMatchObject({ ok: false, error: { code: "no_leader" } });
  });
});

describe("whatever a client sends", () => {
  test("without a callback, with strange ones, of no known event: the node goes on", async () => {
    const rude = await client();
    const messages: readonly unknown[] = [
      undefined,
      null,
      1,
      "x",
      [],
      {},
      { watchId: "w" },
      { __proto__: null },
      { leaseIds: ["l1"] },
    ];
    for (const event of ["watch:open", "watch:ack", "watch:close", "lease:keepalive", "hello", "watch:events", "nonsense"]) {
      for (const message of messages) rude.socket.emit(event, message);
      rude.socket.emit(event);
      rude.socket.emit(event, {}, {}, {});
      rude.socket.emit(event, Buffer.from([1, 2, 3]));
    }
    expect(await rude.ask("watch:close", { watchId: "w" })).toEqual({ ok: true });
    expect((await send(watched.api, "GET", "/livez")).status).toBe(200);
    expect(watched.api.logged.filter((line) => line.level === "error")).toEqual([]);
  });

  test("beyond the bound on a message ends its connection, and only that", async () => {
    const rude = await client();
    const polite = await client();
    rude.socket.emit("watch:open", { watchId: "x".repeat(100_000) });
    await rude.until(() => !rude.socket.connected);
    expect(await polite.ask("watch:close", { watchId: "w" })).toEqual({ ok: true });
  });

  test("an unexpected error ends its connection, and is logged", async () => {
    const watcher = await client();
    watched.api.service.failNext(new Error("unexpected"));
    watcher.socket.emit("lease:keepalive", { leaseIds: ["l1"] });
    await watcher.until(() => !watcher.socket.connected);
    expect(watched.api.logged.at(-1)).toMatchObject({ level: "error", message: "watch message failed" });
    watched.api.logged.length = 0;
  });
});

describe("a watch that the node fails to read", () => {
  test("ends with an error, is logged, and the others of its socket go on", async () => {
    const watcher = await client();
    await watcher.ask("watch:open", { watchId: "lives", targets: configUnder("fails/"), from: "now" });
    const first = await put("fails/a", "1");
    watched.api.service.failNextWatch(new Error("unexpected"));
    await watcher.ask("watch:open", { watchId: "fails", targets: configUnder("fails/"), from: { revision: first } });
    await watcher.until(() => watcher.of("watch:error", "fails").length === 1);
    expect(watcher.of("watch:error", "fails")[0]).toMatchObject({ code: "internal" });
    expect(watched.api.logged.at(-1)).toMatchObject({ level: "error", message: "watch message failed" });
    watched.api.logged.length = 0;
    const second = await put("fails/b", "1");
    await watcher.until(() => watcher.batches("lives").length === 2);
    expect(watcher.revisions("lives")).toEqual([first, second]);
    expect(await watcher.ask("watch:open", { watchId: "fails", targets: configUnder("fails/"), from: "now" })).toMatchObject({
      ok: true,
    });
  });

  test("of the node's own, for locks of leases, is opened anew", async () => {
    const own = await startApi();
    try {
      const watcher = await client(own);
      own.service.failNextWatch(new Error("unexpected"));
      const lease = await send(own, "POST", "/v1/leases", { body: { ttlMs: 60_000 } });
      const held = await send(own, "POST", "/v1/locks/first/acquire", { body: { leaseId: lease.body["leaseId"] } });
      await watcher.ask("lease:keepalive", { leaseIds: [lease.body["leaseId"]] });
      // Each is a change that the node's watch selects; the first of them it fails to read.
      await send(own, "DELETE", "/v1/locks/first/holder");
      await send(own, "POST", "/v1/locks/second/acquire", { body: { leaseId: lease.body["leaseId"] } });
      await send(own, "DELETE", "/v1/locks/second/holder");
      await watcher.until(() => watcher.of("lock:lost").length > 0);
      expect(held.status).toBe(200);
      expect(watcher.of("lock:lost").at(-1)).toMatchObject({ name: "second" });
    } finally {
      await own.stop();
    }
  });
});

describe("a node that closes", () => {
  test("does not wait for a client that does not close its connection", async () => {
    const short = await startApi();
    const deaf = connect(short.api.port, "127.0.0.1");
    const closed = new Promise((resolve) => deaf.on("close", resolve));
    deaf.write(`${handshakeWith(short)}${websocketHeaders}\r\n`);
    const answer = await new Promise<Buffer>((resolve) => deaf.once("data", resolve));
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
    await short.api.close(20);
    await closed;
    await short.stop();
  });

  test("ends every watch with `shutting_down`, and closes the connections", async () => {
    const short = await startApi();
    const watcher = await client(short);
    await watcher.ask("watch:open", { watchId: "a", targets: configUnder(""), from: "now" });
    await watcher.ask("watch:open", { watchId: "b", targets: configUnder(""), from: "now" });
    await short.stop();
    await watcher.until(() => !watcher.socket.connected);
    expect(watcher.of("watch:error").map((message) => [message["watchId"], message["code"]])).toEqual([
      ["a", "shutting_down"],
      ["b", "shutting_down"],
    ]);
  });

  test("ends a watch that waits for its revision with `shutting_down`", async () => {
    const short = await startApi({ watch: { futureWaitMs: 60_000 } });
    const watcher = await client(short);
    const opening = watcher.ask("watch:open", { watchId: "a", targets: configUnder(""), from: { revision: 9 } });
    await watcher.ask("watch:close", { watchId: "barrier" });
    await short.stop();
    expect(await opening).toMatchObject({ ok: false, error: { watchId: "a", code: "shutting_down" } });
  });
});

describe("a client that does not read", () => {
  /** A websocket by hand, which asks for `messages` once it is in /watch, and then reads nothing. */
  function mute(of: TestApi, messages: readonly string[]) {
    const socket = connect(of.api.port, "127.0.0.1", () => {
      socket.write(`${handshakeWith(of)}${websocketHeaders}\r\n`);
    });
    const write = (text: string) => {
      const payload = Buffer.from(text);
      const head = Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
      socket.write(Buffer.concat([head, payload]));
    };
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      if (chunk.includes('0{"sid"')) write("40/watch,");
      if (!chunk.includes('"hello"')) return;
      socket.pause();
      for (const message of messages) write(message);
    });
    return socket;
  }

  test("is cut off, has kept no more than a packet in memory, and others go on", async () => {
    // With a window that is more than the kernel takes.
    const windowBytes = 32 * 1024 * 1024;
    const small = await startApi({
      watch: { slowConsumerMs: 200, sendingBytesMax: 64 * 1024, packetBytesMax: 64 * 1024, windowBytes },
    });
    const mutes: ReturnType<typeof mute>[] = [];
    try {
      for (let i = 0; i < 16; i++) await put(`big/${i}`, JSON.stringify("x".repeat(1_000_000)), small);
      const open = `42/watch,["watch:open",${JSON.stringify({ watchId: "w", targets: configUnder("big/"), from: "snapshot" })}]`;
      for (let i = 0; i < 3; i++) mutes.push(mute(small, [open]));
      const cutOff = () => small.logged.filter(({ fields }) => (fields as { code?: string }).code === "slow_consumer").length;
      while (cutOff() < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      const watcher = await client(small);
      await watcher.ask("watch:open", { watchId: "r", targets: configUnder("big/"), from: "snapshot" });
      await watcher.until(() => watcher.of("watch:synced", "r").length === 1);
      expect(watcher.of("watch:snapshot", "r")).toHaveLength(16);
    } finally {
      for (const socket of mutes) socket.destroy();
      await small.stop();
    }
  });

  test("and asks without end is cut off", async () => {
    const small = await startApi({ watch: { smallBytesMax: 1_000 } });
    const close = '42/watch,7["watch:close",{"watchId":"w"}]';
    const socket = mute(
      small,
      Array.from({ length: 400_000 }, () => close),
    );
    try {
      const cutOff = () => small.logged.some(({ fields }) => (fields as { code?: string }).code === "slow_consumer");
      while (!cutOff()) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
      await small.stop();
    }
  });
});

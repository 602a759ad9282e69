/**
 * This file tests what a node takes of snapshots that no leader sends, or that have no end: only a possible leader's, no
 * more bytes than its map holds, and not for ever. And that the end of a node waits for no delay of a transfer, and leaves no timer.
 */
import { expect, test, vi } from "vitest";
import type { ChunkHeader } from "../../src/node/snapshots/snapshot-transfer.ts";
import { toTerm } from "../../src/raft/types.ts";
import { n1, n2, n3, Peer } from "./snapshot-peers.ts";

const none = async () => Promise.reject(new Error("not connected"));
const header = (transferId: string, sequence: number, term = 5): ChunkHeader => ({ transferId, sequence, term: toTerm(term) });
const one = Uint8Array.of(1);

test("a chunk of this term is taken from its leader alone, of a later term from anybody", async () => {
  const peer = new Peer(n2, none);
  peer.leaderId = n1;
  const refused = { kind: "refused", reason: "another node leads this term" };
  expect(await peer.transfer.receiveChunk(n3, header("a", 0), one)).toEqual(refused);
  peer.leaderId = n2;
  expect(await peer.transfer.receiveChunk(n3, header("a", 0), one)).toEqual(refused);
  expect(peer.store.received).toBe(undefined);
  expect(await peer.transfer.receiveChunk(n3, header("a", 0, 6), one)).toMatchObject({ kind: "next", sequence: 1 });
  peer.leaderId = null;
  expect(await peer.transfer.receiveChunk(n1, header("b", 0, 6), one)).toMatchObject({ kind: "next", sequence: 1 });
});

test("another node, or another term, adds nothing to a transfer under its id", async () => {
  const { transfer, store } = new Peer(n2, none);
  await transfer.receiveChunk(n1, header("a", 0), one);
  const refused = { kind: "refused", reason: "it is another node's, or of another term" };
  expect(await transfer.receiveChunk(n3, header("a", 1), one)).toEqual(refused);
  expect(await transfer.receiveChunk(n1, header("a", 1, 6), one)).toEqual(refused);
  expect(store.received).toEqual([1]);
});

test("what was received is discarded when its term is over", async () => {
  const peer = new Peer(n2, none);
  await peer.transfer.receiveChunk(n1, header("a", 0), one);
  peer.term = toTerm(6);
  expect(await peer.transfer.receiveChunk(n1, header("a", 1), one)).toEqual({ kind: "refused", reason: "of an old term" });
  expect(peer.store.received).toBe(undefined);
  expect(peer.events.at(-1)).toMatchObject({ kind: "receivingEnded", reason: "of an old term" });
});

test("a transfer that brings more than fits is given up", async () => {
  const { transfer, store } = new Peer(n2, none, { receivedBytesMax: 3 });
  for (const sequence of [0, 1, 2]) await transfer.receiveChunk(n1, header("a", sequence), one);
  expect(store.received).toEqual([1, 1, 1]);
  const answer = await transfer.receiveChunk(n1, header("a", 3), one);
  expect(answer).toEqual({ kind: "refused", reason: "it brings more than 3 bytes" });
  expect(store.received).toBe(undefined);
});

test("a transfer that repeats a chunk, or goes on for ever, is given up", async () => {
  vi.useFakeTimers();
  try {
    const { transfer, store, events } = new Peer(n2, none, { idleMsMax: 100, transferMsMax: 1000 });
    await transfer.receiveChunk(n1, header("a", 0), one);
    await vi.advanceTimersByTimeAsync(60);
    await transfer.receiveChunk(n1, header("a", 0), one);
    await vi.advanceTimersByTimeAsync(60);
    expect(store.received).toBe(undefined);
    expect(events.at(-1)).toMatchObject({ reason: "no chunk within 100 ms" });
    let taken = 0;
    while ((await transfer.receiveChunk(n1, header("b", taken), one)).kind === "next") {
      taken += 1;
      await vi.advanceTimersByTimeAsync(60);
    }
    expect(taken).toBe(17);
    expect(store.received).toBe(undefined);
    expect(events.at(-1)).toMatchObject({ reason: "it took longer than 1000 ms" });
  } finally {
    vi.useRealTimers();
  }
});

const refuse = async () => ({ kind: "refused", reason: "no space left on device" }) as const;

test("closing waits for no transfer that failed and is reported later", async () => {
  const sender = new Peer(n1, refuse, { chunks: [1, 0], retryDelayMs: 60_000, failureDelayMsMax: 60_000 });
  const sent = sender.send();
  await vi.waitFor(() => expect(sender.events.at(-1)).toMatchObject({ kind: "sendingEnded" }));
  expect(sender.transfer.progress().sending).toEqual([]);
  await sender.transfer.close();
  expect(await sent).toBe(false);
});

test("a newer transfer ends the delay of the one before, and being replaced is no failure", async () => {
  vi.useFakeTimers();
  try {
    let answers = false;
    const send = async () => (answers ? refuse() : new Promise<never>(() => undefined));
    const sender = new Peer(n1, send, { chunks: [1, 0], retryDelayMs: 100, failureDelayMsMax: 10_000 });
    const replaced = [sender.send(), sender.send(), sender.send()];
    answers = true;
    const failed = sender.send();
    expect(await Promise.all(replaced)).toEqual([false, false, false]);
    await vi.advanceTimersByTimeAsync(100);
    expect(await failed).toBe(false);
    const delayed = sender.send();
    await vi.advanceTimersByTimeAsync(0);
    answers = false;
    const newer = sender.send();
    expect(await delayed).toBe(false);
    await sender.transfer.close();
    expect(await newer).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a chunk that is written while its node closes leaves no timer", async () => {
  vi.useFakeTimers();
  try {
    for (const chunks of [1, 2]) {
      const { transfer, store } = new Peer(n2, none);
      if (chunks === 2) await transfer.receiveChunk(n1, header("a", 0), one);
      let open: () => void = () => undefined;
      store.gate = new Promise((resolve) => {
        open = resolve;
      });
      const answer = transfer.receiveChunk(n1, header("a", chunks - 1), one);
      await vi.advanceTimersByTimeAsync(0);
      const closed = transfer.close();
      open();
      await closed;
      expect(await answer).toMatchObject({ kind: "next", sequence: chunks });
      expect(vi.getTimerCount()).toBe(0);
    }
  } finally {
    vi.useRealTimers();
  }
});

/**
 * This file proves that a snapshot arrives whole or not at all, whatever is lost, repeated, damaged or restarted on its way.
 */
import { describe, expect, test, vi } from "vitest";
import type { ChunkAnswer, ChunkHeader, SnapshotChannel } from "../../src/node/snapshots/snapshot-transfer.ts";
import { toTerm } from "../../src/raft/types.ts";
import { answerLost, chunkLost, meta, n1, n2, n3, Peer, pair, type Step } from "./snapshot-peers.ts";

describe("a transfer", () => {
  test("brings all chunks in order, and offers the state once it is whole", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0]);
    expect(await sender.send()).toBe(true);
    expect(receiver.store.received).toEqual([1, 2, 3, 0]);
    expect(receiver.received).toEqual([{ from: n1, term: 5, snapshot: meta }]);
    expect(sender.sequences).toEqual([0, 1, 2, 3]);
    expect(sender.store.openSources.size).toBe(0);
  });

  test("sends a chunk again that was lost, and goes on there", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0], { 2: chunkLost });
    expect(await sender.send()).toBe(true);
    expect(sender.sequences).toEqual([0, 1, 2, 2, 3]);
    expect(receiver.store.received).toEqual([1, 2, 3, 0]);
  });

  test("takes a chunk once whose answer was lost", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0], { 1: answerLost });
    expect(await sender.send()).toBe(true);
    expect(sender.sequences).toEqual([0, 1, 1, 2, 3]);
    expect(receiver.store.received).toEqual([1, 2, 3, 0]);
  });

  test("is delivered also when the last answer was lost, and offered once", async () => {
    const { sender, receiver } = pair([1, 0], { 1: answerLost });
    expect(await sender.send()).toBe(true);
    expect(receiver.received).toHaveLength(1);
  });

  test("is delivered also when the last answer was lost and the state is installed by then", async () => {
    const { sender, receiver } = pair([1, 0], {
      1: async (deliver) => {
        await deliver();
        receiver.transfer.settle(true);
        receiver.store.received = undefined;
        throw new Error("connection reset");
      },
    });
    expect(await sender.send()).toBe(true);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.store.received).toBe(undefined);
  });

  test("starts over when the receiver was restarted", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0], {
      2: (deliver) => {
        receiver.restart();
        return deliver();
      },
    });
    expect(await sender.send()).toBe(true);
    expect(sender.sequences).toEqual([0, 1, 2, 0, 1, 2, 3]);
    expect(receiver.store.received).toEqual([1, 2, 3, 0]);
  });

  test("ends after three starts over in vain", async () => {
    const restart: Step = (deliver) => {
      receiver.restart();
      return deliver();
    };
    const { sender, receiver } = pair([1, 2, 0], { 1: restart, 3: restart, 5: restart });
    expect(await sender.send()).toBe(false);
    expect(sender.sequences).toEqual([0, 1, 0, 1, 0, 1]);
    expect(receiver.received).toEqual([]);
  });

  test("ends after three attempts when the receiver cannot be reached", async () => {
    const { sender } = pair([1, 0], { 0: chunkLost, 1: chunkLost, 2: chunkLost });
    expect(await sender.send()).toBe(false);
    expect(sender.sequences).toEqual([0, 0, 0]);
    expect(sender.events.at(-1)).toEqual({ kind: "sendingEnded", peer: n2, chunks: 0, bytes: 0, reason: "connection refused" });
  });

  test("counts attempts anew for each chunk", async () => {
    const { sender } = pair([1, 2, 0], { 0: chunkLost, 1: chunkLost, 3: chunkLost, 4: chunkLost, 6: chunkLost });
    expect(await sender.send()).toBe(true);
    expect(sender.sequences).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
  });

  test("ends when a chunk arrives damaged, and the next one begins with nothing of it", async () => {
    const { sender, receiver } = pair([1, 2, 0], {
      1: (_deliver, header) => receiver.transfer.receiveChunk(n1, header, Uint8Array.of(255)),
    });
    expect(await sender.send()).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ kind: "sendingEnded", reason: "refused: chunk 1 is damaged" });
    expect(receiver.events.at(-1)).toMatchObject({ kind: "receivingEnded", reason: "chunk 1 is damaged" });
    expect(receiver.store.received).toBe(undefined);
    expect(await sender.send()).toBe(true);
    expect(receiver.store.received).toEqual([1, 2, 0]);
  });

  test("ends when the sender's disk fails, and the source is closed", async () => {
    const { sender } = pair([1, 2, 3, 0]);
    sender.store.fail.read = 2;
    expect(await sender.send()).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ reason: "row 7 is damaged on disk", chunks: 2 });
    expect(sender.store.openSources.size).toBe(0);
  });

  test("ends when the receiver's disk fails", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0]);
    receiver.store.fail.write = 2;
    expect(await sender.send()).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ reason: "refused: no space left on device" });
    expect(receiver.store.received).toBe(undefined);
  });

  const nonsense: readonly { name: string; answer: ChunkAnswer }[] = [
    { name: "far ahead", answer: { kind: "next", sequence: 1000, complete: false } },
    { name: "one beyond the next", answer: { kind: "next", sequence: 2, complete: false } },
  ];
  for (const { name, answer } of nonsense) {
    test(`ends when the receiver asks for a chunk ${name}`, async () => {
      const { sender } = pair([1, 2, 3, 0], { 0: async () => answer });
      expect(await sender.send()).toBe(false);
      expect(sender.store.openSources.size).toBe(0);
    });
  }

  test("ends when the receiver has the last chunk and still asks for more", async () => {
    const { sender } = pair([1], { 0: async () => ({ kind: "next", sequence: 1, complete: false }) });
    expect(await sender.send()).toBe(false);
  });
});

describe("the receiver", () => {
  const header = (transferId: string, sequence: number, term = 5): ChunkHeader => ({ transferId, sequence, term: toTerm(term) });
  const none = async () => Promise.reject(new Error("not connected"));

  test("refuses a transfer of an old term, also in its middle", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0], {
      2: (deliver) => {
        receiver.term = toTerm(6);
        return deliver();
      },
    });
    expect(await sender.send()).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ reason: "refused: of an old term", chunks: 2 });
    expect(receiver.received).toEqual([]);
  });

  test("follows a newer term, and turns the older transfer away", async () => {
    const receiver = new Peer(n2, none);
    const { transfer } = receiver;
    await transfer.receiveChunk(n1, header("a", 0), Uint8Array.of(1));
    expect(await transfer.receiveChunk(n3, header("b", 0, 6), Uint8Array.of(9))).toEqual({
      kind: "next",
      sequence: 1,
      complete: false,
    });
    expect(await transfer.receiveChunk(n1, header("a", 1), Uint8Array.of(2))).toEqual({
      kind: "refused",
      reason: "a transfer of a newer term is under way",
    });
    expect(await transfer.receiveChunk(n3, header("b", 1, 6), Uint8Array.of(0))).toMatchObject({ complete: true });
    expect(receiver.store.received).toEqual([9, 0]);
    expect(receiver.received).toMatchObject([{ from: n3, term: 6 }]);
  });

  test("lets a newer transfer of the same term take the place of the older one", async () => {
    const receiver = new Peer(n2, none);
    const { transfer } = receiver;
    await transfer.receiveChunk(n1, header("a", 0), Uint8Array.of(1));
    await transfer.receiveChunk(n1, header("b", 0), Uint8Array.of(7));
    expect(await transfer.receiveChunk(n1, header("a", 1), Uint8Array.of(2))).toEqual({
      kind: "next",
      sequence: 0,
      complete: false,
    });
    expect(receiver.store.received).toEqual([7]);
    expect(receiver.events).toMatchObject([
      { kind: "receivingStarted" },
      { kind: "receivingEnded", chunks: 1, reason: "another transfer took its place" },
      { kind: "receivingStarted" },
    ]);
  });

  test("takes chunks that come at once one after the other", async () => {
    const receiver = new Peer(n2, none);
    const answers = await Promise.all([
      receiver.transfer.receiveChunk(n1, header("a", 0), Uint8Array.of(1)),
      receiver.transfer.receiveChunk(n1, header("a", 0), Uint8Array.of(1)),
      receiver.transfer.receiveChunk(n1, header("a", 1), Uint8Array.of(2)),
      receiver.transfer.receiveChunk(n1, header("a", 0), Uint8Array.of(1)),
    ]);
    expect(answers.map((answer) => answer.kind === "next" && answer.sequence)).toEqual([1, 1, 2, 2]);
    expect(receiver.store.received).toEqual([1, 2]);
  });

  test("refuses other transfers while the node decides, and takes them after it was installed", async () => {
    const { sender, receiver } = pair([1, 0]);
    expect(await sender.send()).toBe(true);
    const refused = await receiver.transfer.receiveChunk(n3, header("c", 0, 6), Uint8Array.of(1));
    expect(refused).toEqual({ kind: "refused", reason: "another snapshot is being installed" });
    expect(receiver.store.received).toEqual([1, 0]);
    receiver.transfer.settle(true);
    receiver.store.received = undefined;
    expect(await receiver.transfer.receiveChunk(n3, header("c", 0, 6), Uint8Array.of(1))).toMatchObject({ sequence: 1 });
  });

  test("discards what the node does not want, and takes the next transfer", async () => {
    const { sender, receiver } = pair([1, 0]);
    await sender.send();
    receiver.transfer.settle(false);
    expect(await sender.send()).toBe(true);
    expect(receiver.received).toHaveLength(2);
    expect(receiver.store.received).toEqual([1, 0]);
  });

  test("goes on after its store could not discard", async () => {
    const { sender, receiver } = pair([1, 0]);
    await sender.send();
    const { discardSnapshot } = receiver.store;
    receiver.store.discardSnapshot = async () => {
      receiver.store.received = undefined;
      throw new Error("I/O error");
    };
    receiver.transfer.settle(false);
    expect(await sender.send()).toBe(true);
    receiver.store.discardSnapshot = discardSnapshot;
  });

  test("refuses when it cannot begin", async () => {
    const { sender, receiver } = pair([1, 0]);
    receiver.store.beginSnapshot = () => {
      throw new Error("no space left on device");
    };
    expect(await sender.send()).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ reason: "refused: no space left on device" });
  });

  test("gives up a transfer whose sender went away", async () => {
    vi.useFakeTimers();
    try {
      const receiver = new Peer(n2, none, { idleMsMax: 60_000 });
      await receiver.transfer.receiveChunk(n1, header("a", 0), Uint8Array.of(1));
      await vi.advanceTimersByTimeAsync(59_999);
      await receiver.transfer.receiveChunk(n1, header("a", 1), Uint8Array.of(2));
      await vi.advanceTimersByTimeAsync(59_999);
      expect(receiver.store.received).toEqual([1, 2]);
      await vi.advanceTimersByTimeAsync(1);
      expect(receiver.store.received).toBe(undefined);
      expect(receiver.events.at(-1)).toMatchObject({ kind: "receivingEnded", reason: "no chunk within 60000 ms" });
      expect(await receiver.transfer.receiveChunk(n1, header("a", 2), Uint8Array.of(0))).toMatchObject({ sequence: 0 });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the sender", () => {
  test("ends an older transfer to the same node when a newer one begins", async () => {
    let answer: ((answer: ChunkAnswer) => void) | undefined;
    const sender = new Peer(
      n1,
      (_to, { transferId }) =>
        transferId === "n1-1"
          ? new Promise((resolve) => {
              answer = resolve;
            })
          : Promise.resolve({ kind: "next", sequence: 1, complete: true }),
      { chunks: [1, 0] },
    );
    const first = sender.send();
    const second = sender.send();
    expect(await Promise.all([first, second])).toEqual([false, true]);
    answer?.({ kind: "next", sequence: 1, complete: false });
    expect(sender.sent).toEqual([
      { sequence: 0, transferId: "n1-1" },
      { sequence: 0, transferId: "n1-2" },
    ]);
    expect(sender.store.openSources.size).toBe(0);
    expect(sender.events.filter(({ kind }) => kind === "sendingEnded")).toMatchObject([
      { reason: "a newer transfer took its place" },
      { reason: null },
    ]);
  });

  test("never calls back within the call", async () => {
    const { sender } = pair([]);
    let within = true;
    const done = new Promise<boolean>((resolve) =>
      sender.transfer.send({ to: n2, term: toTerm(5), meta }, (delivered) => resolve(within || delivered)),
    );
    within = false;
    expect(await done).toBe(false);
  });

  test("shows how far each transfer is", async () => {
    const { sender, receiver } = pair([1, 2, 3, 0], {
      2: async (deliver) => {
        expect(sender.transfer.progress()).toEqual({ sending: [{ peer: n2, chunks: 2, bytes: 2 }], receiving: null });
        expect(receiver.transfer.progress()).toEqual({ sending: [], receiving: { peer: n1, chunks: 2, bytes: 2 } });
        return deliver();
      },
    });
    expect(await sender.send()).toBe(true);
    expect(sender.transfer.progress()).toEqual({ sending: [], receiving: null });
    expect(receiver.transfer.progress()).toEqual({ sending: [], receiving: null });
    expect(sender.events).toEqual([
      { kind: "sendingStarted", peer: n2 },
      { kind: "sendingEnded", peer: n2, chunks: 4, bytes: 4, reason: null },
    ]);
    expect(receiver.events).toEqual([
      { kind: "receivingStarted", peer: n1 },
      { kind: "receivingEnded", peer: n1, chunks: 4, bytes: 4, reason: null },
    ]);
  });
});

describe("a transfer that does not succeed", () => {
  test("is reported later with each failure in a row, so that the next one begins later", async () => {
    const options = { chunks: [1, 0], attemptsMax: 1, retryDelayMs: 20, failureDelayMsMax: 80 };
    const sender = new Peer(n1, () => Promise.reject(new Error("down")), options);
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      const startedAt = performance.now();
      expect(await sender.send()).toBe(false);
      delays.push(performance.now() - startedAt);
    }
    for (const [i, atLeast] of [20, 40, 80, 80].entries()) expect(delays[i]).toBeGreaterThan(atLeast - 2);
  });

  test("is given up when it takes too long, whatever the receiver takes", async () => {
    const slow: SnapshotChannel["sendChunk"] = async (_, { sequence }) => {
      await new Promise((resolve) => setTimeout(resolve, 15));
      return { kind: "next", sequence: sequence + 1, complete: false };
    };
    const sender = new Peer(n1, slow, { chunks: Array.from({ length: 1000 }, () => 1), transferMsMax: 60 });
    expect(await sender.send()).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ kind: "sendingEnded", reason: "it took longer than 60 ms" });
    expect(sender.store.openSources.size).toBe(0);
  });
});

describe("closing", () => {
  test("ends a transfer at once that waits for an answer, and closes its source", async () => {
    const sender = new Peer(n1, () => new Promise(() => undefined), { chunks: [1, 0], chunkTimeoutMs: 60_000 });
    const sent = sender.send();
    await sender.transfer.close();
    expect(sender.store.openSources.size).toBe(0);
    expect(await sent).toBe(false);
    expect(sender.events.at(-1)).toMatchObject({ kind: "sendingEnded", reason: "shutting down" });
  });

  test("ends a transfer at once that waits to try again", async () => {
    const sender = new Peer(n1, () => Promise.reject(new Error("down")), { chunks: [1, 0], retryDelayMs: 60_000 });
    const sent = sender.send();
    await vi.waitFor(() => expect(sender.sent).toHaveLength(1));
    await sender.transfer.close();
    expect(await sent).toBe(false);
  });

  test("waits for the chunk that is being written, and takes no other", async () => {
    const receiver = new Peer(n2, () => Promise.reject(new Error("not connected")));
    let open: () => void = () => undefined;
    receiver.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const term = toTerm(5);
    const first = receiver.transfer.receiveChunk(n1, { transferId: "a", sequence: 0, term }, Uint8Array.of(1));
    await vi.waitFor(() => expect(receiver.store.received).toEqual([]));
    const closed = receiver.transfer.close();
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    const second = receiver.transfer.receiveChunk(n1, { transferId: "a", sequence: 1, term }, Uint8Array.of(2));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    open();
    await closed;
    expect(await first).toMatchObject({ kind: "next", sequence: 1 });
    expect(await second).toEqual({ kind: "refused", reason: "shutting down" });
    expect(receiver.store.received).toEqual([1]);
  });

  test("ends a transfer that is ordered afterwards", async () => {
    const { sender } = pair([1, 0]);
    await sender.transfer.close();
    expect(await sender.send()).toBe(false);
    expect(sender.sent).toEqual([]);
  });
});

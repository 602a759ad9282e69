/**
 * This file says what a disk promises to the node, as tests that run on every implementation.
 */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TableWrite } from "../../src/machine/state/tables.ts";
import { compareKeys } from "../../src/machine/state/tables.ts";
import type { Disk, WriteBatch } from "../../src/node/ports.ts";
import { type Entry, type SnapshotMeta, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { baseAt, batch, command, membership, noop } from "./entries.ts";

/** One durable state and its storages, one after the other. */
export interface StorageHarness {
  /** Opens the state; the first time it is new and starts with `membership`. */
  open(): Promise<Disk>;
  /** Lets the open storage receive a whole snapshot of `meta` with these rows. */
  receiveSnapshot(snapshot: { readonly meta: SnapshotMeta; readonly rows: readonly TableWrite[] }): Promise<void>;
  /** Ends the storage that is open. */
  close(): Promise<void>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

/** Resolves when the write has called back. */
export function written(disk: Disk, parts: Partial<WriteBatch>): Promise<void> {
  return new Promise((resolve) => disk.write(batch(parts), resolve));
}

const indexes = (entries: readonly Entry[]) => entries.map((entry) => entry.index);
const all = (disk: Disk) => {
  const from = toLogIndex(disk.log.base.lastIncludedIndex + 1);
  const to = disk.log.lastIndex;
  return from > to ? [] : disk.log.entries({ from, to, bytesMax: Number.MAX_SAFE_INTEGER });
};
const put = (key: string, record: string): TableWrite => ({ table: "requestOrder", key, record });
const remove = (key: string): TableWrite => ({ table: "requestOrder", key, record: undefined });
const keys = (rows: Iterable<readonly [string, unknown]>) => [...rows].map(([key]) => key);

/** Runs the contract on the storages of `harness`. */
export function describeStorage(name: string, harness: () => Promise<StorageHarness>): void {
  describe(name, () => {
    let state: StorageHarness;
    let disk: Disk;
    const reopen = async () => {
      await state.close();
      disk = await state.open();
    };
    beforeEach(async () => {
      state = await harness();
      disk = await state.open();
    });
    afterEach(() => state.dispose());

    test("a new state is an empty log after index 0 of the initial membership", () => {
      expect(disk.log.base).toEqual({ lastIncludedIndex: 0, lastIncludedTerm: 0, clusterTimeMs: 0, membership });
      expect(disk.log.lastIndex).toBe(0);
      expect(disk.log.term(toLogIndex(0))).toBe(0);
      expect(disk.log.term(toLogIndex(1))).toBe(undefined);
      expect(disk.hardState).toEqual({ currentTerm: 0, votedFor: null, lostLog: null });
      expect(disk.tables.get("meta", "state")).toBe(undefined);
    });

    test("an empty batch calls back", async () => {
      await written(disk, {});
      expect(disk.log.lastIndex).toBe(0);
    });

    test("every kind of entry comes back as it was written, also after a restart", async () => {
      const entries: Entry[] = [
        noop(1, 1),
        { ...noop(2, 1), payload: { kind: "clock" } },
        command(3, 2, 300),
        { ...noop(4, 2), payload: { kind: "membership", membership } },
        { ...noop(5, 7), payload: { kind: "clusterVersion", version: 3 } },
      ];
      await written(disk, { entries });
      expect(all(disk)).toEqual(entries);
      await reopen();
      expect(all(disk)).toEqual(entries);
      expect([1, 2, 3, 4, 5, 6].map((index) => disk.log.term(toLogIndex(index)))).toEqual([1, 1, 2, 2, 7, undefined]);
    });

    test("entries replace everything from the first one's index on", async () => {
      await written(disk, { entries: [noop(1, 1), noop(2, 1), noop(3, 1), noop(4, 1), noop(5, 1)] });
      await written(disk, { entries: [command(3, 2, 10), command(4, 2, 10)] });
      expect(disk.log.lastIndex).toBe(4);
      expect(disk.log.term(toLogIndex(5))).toBe(undefined);
      const expected = [noop(1, 1), noop(2, 1), command(3, 2, 10), command(4, 2, 10)];
      expect(all(disk)).toEqual(expected);
      await reopen();
      expect(disk.log.lastIndex).toBe(4);
      expect(all(disk)).toEqual(expected);
      await written(disk, { entries: [noop(5, 3)] });
      expect(disk.log.term(toLogIndex(4))).toBe(2);
      expect(disk.log.term(toLogIndex(5))).toBe(3);
    });

    test("the first entry of the log can be replaced", async () => {
      await written(disk, { entries: [noop(1, 1), noop(2, 1)] });
      await written(disk, { entries: [noop(1, 2)] });
      expect(all(disk)).toEqual([noop(1, 2)]);
    });

    test("a gap, and an entry that was cut, are refused", async () => {
      await written(disk, { entries: [noop(1, 1), noop(2, 1)], compactTo: baseAt(1, 1) });
      expect(() => disk.write(batch({ entries: [noop(4, 1)] }), () => undefined)).toThrow("entry 4 beyond last 2");
      expect(() => disk.write(batch({ entries: [noop(1, 1)] }), () => undefined)).toThrow("entry 1 was cut at 1");
      expect(() => disk.write(batch({ entries: [noop(3, 1), noop(5, 1)] }), () => undefined)).toThrow("entry 5 where 4 belongs");
      expect(() => disk.write(batch({ compactTo: baseAt(2, 9) }), () => undefined)).toThrow("cut at 2 says term 9, the log 1");
    });

    /** What these entries weigh beside their command: head, proposal, and the name of their run. */
    const aroundCommand = 64 + 16 + 5;

    test("entries end with the one that reaches the limit, and there is always one", async () => {
      await written(disk, { entries: [1, 2, 3, 4, 5].map((index) => command(index, 1, 100 - aroundCommand)) });
      const read = (from: number, to: number, bytesMax: number) =>
        indexes(disk.log.entries({ from: toLogIndex(from), to: toLogIndex(to), bytesMax }));
      expect(read(1, 5, 1)).toEqual([1]);
      expect(read(1, 5, 100)).toEqual([1]);
      expect(read(1, 5, 101)).toEqual([1, 2]);
      expect(read(2, 4, 200)).toEqual([2, 3]);
      expect(read(2, 4, 100_000)).toEqual([2, 3, 4]);
      expect(() => read(5, 6, 1)).toThrow("entry 6 beyond last 5");
    });

    test("after a cut the base stands before the first entry, and the rest is there", async () => {
      await written(disk, { entries: [noop(1, 1), noop(2, 1), noop(3, 2), noop(4, 2), noop(5, 3)] });
      await written(disk, { compactTo: baseAt(3, 2) });
      for (const restarted of [false, true]) {
        if (restarted) await reopen();
        expect(disk.log.base).toEqual(baseAt(3, 2));
        expect([2, 3, 4, 5].map((index) => disk.log.term(toLogIndex(index)))).toEqual([undefined, 2, 2, 3]);
        expect(all(disk)).toEqual([noop(4, 2), noop(5, 3)]);
        expect(() => disk.log.entries({ from: toLogIndex(3), to: toLogIndex(4), bytesMax: 1 })).toThrow("entry 3 was cut at 3");
      }
    });

    test("a cut of the whole log leaves the base, and the log goes on after it", async () => {
      await written(disk, { entries: [noop(1, 1), noop(2, 4)], compactTo: baseAt(2, 4) });
      expect(disk.log.lastIndex).toBe(2);
      await reopen();
      expect(disk.log.lastIndex).toBe(2);
      expect(disk.log.term(toLogIndex(2))).toBe(4);
      await written(disk, { entries: [noop(3, 5)] });
      expect(all(disk)).toEqual([noop(3, 5)]);
    });

    test("a read sees a write when it is complete and not before", async () => {
      await written(disk, { entries: [noop(1, 1)], tableWrites: [put("k", "old")] });
      let completed = false;
      disk.write(batch({ entries: [noop(1, 2)], tableWrites: [put("k", "new")], hardState: vote }), () => {
        completed = true;
        expect(disk.tables.get("requestOrder", "k")).toBe("new");
      });
      while (!completed) {
        expect(disk.tables.get("requestOrder", "k")).toBe("old");
        expect(disk.log.term(toLogIndex(1))).toBe(1);
        expect(disk.hardState).toEqual({ currentTerm: 0, votedFor: null, lostLog: null });
        await turn();
      }
      expect(disk.tables.get("requestOrder", "k")).toBe("new");
      expect(disk.log.term(toLogIndex(1))).toBe(2);
      expect(disk.hardState).toEqual(vote);
    });

    const vote = { currentTerm: toTerm(9), votedFor: toNodeId("b"), lostLog: null };

    test("vote, entries, tables and base of a batch survive a restart together", async () => {
      await written(disk, {
        hardState: vote,
        entries: [noop(1, 8), noop(2, 9)],
        tableWrites: [put("x", "1"), put("y", "2"), remove("x")],
        compactTo: baseAt(1, 8),
      });
      await reopen();
      expect(disk.hardState).toEqual(vote);
      expect(disk.log.base).toEqual(baseAt(1, 8));
      expect(all(disk)).toEqual([noop(2, 9)]);
      expect([...disk.tables.range("requestOrder", {})]).toEqual([["y", "2"]]);
    });

    test("an installed snapshot replaces log, vote and tables in one step, under the same readers", async () => {
      await written(disk, { entries: [noop(1, 1), noop(2, 1)], tableWrites: [put("own", "x"), put("k", "old")] });
      const { log, tables } = disk;
      await state.receiveSnapshot({ meta: baseAt(7, 3), rows: [put("k", "new"), put("l", "new")] });
      expect(keys(tables.range("requestOrder", {}))).toEqual(["k", "own"]);
      await new Promise<void>((resolve) => disk.installSnapshot({ hardState: vote, entries: [noop(8, 9)] }, resolve));
      await new Promise<void>((resolve) => disk.write(batch({ entries: [noop(9, 9)] }), resolve));
      for (const reader of [{ log, tables }, "restarted" as const]) {
        if (reader === "restarted") await reopen();
        const now = reader === "restarted" ? disk : reader;
        expect([...now.tables.range("requestOrder", {})]).toEqual([
          ["k", "new"],
          ["l", "new"],
        ]);
        expect(now.log.base).toEqual(baseAt(7, 3));
        expect(now.log.term(toLogIndex(2))).toBe(undefined);
        expect(now.log.entries({ from: toLogIndex(8), to: toLogIndex(9), bytesMax: 1000 })).toEqual([noop(8, 9), noop(9, 9)]);
        expect(disk.hardState).toEqual(vote);
      }
    });

    test("nothing is installed that was not received, and entries must follow the snapshot", async () => {
      expect(() => disk.installSnapshot({ hardState: undefined, entries: [] }, () => undefined)).toThrow("no complete snapshot");
      await state.receiveSnapshot({ meta: baseAt(7, 3), rows: [] });
      const install = (index: number) => () =>
        disk.installSnapshot({ hardState: undefined, entries: [noop(index, 3)] }, () => undefined);
      expect(install(9)).toThrow("entry 9 beyond last 7");
      expect(install(7)).toThrow("entry 7 was cut at 7");
    });

    test("a second write while one is under way is refused", async () => {
      const first = written(disk, { entries: [noop(1, 1)] });
      expect(() => disk.write(batch({}), () => undefined)).toThrow("a write is under way");
      await first;
      expect(disk.log.lastIndex).toBe(1);
    });

    test("the next write may start where the last one calls back", async () => {
      await new Promise<void>((resolve) =>
        disk.write(batch({ entries: [noop(1, 1)] }), () => disk.write(batch({ entries: [noop(2, 1)] }), resolve)),
      );
      expect(disk.log.lastIndex).toBe(2);
    });

    test("records come back as they were written, bytes and big numbers included", async () => {
      const record = {
        value: Uint8Array.of(0, 1, 254, 255),
        contentType: "application/octet-stream",
        version: 2 ** 53 - 1,
        createRevision: 2 ** 32,
        modRevision: 2 ** 32 + 1,
        leaseId: null,
        author: "Zoë 🎈",
        comment: "",
        wallTimeMs: 1_700_000_000_000,
      };
      // The brands are made by the machine; here only the bytes matter.
      await written(disk, { tableWrites: [{ table: "config", key: "k", record } as unknown as TableWrite] });
      await reopen();
      expect(disk.tables.get("config", "k")).toEqual(record);
    });

    test("a key that cannot be stored is refused before anything is written, and never found", async () => {
      for (const key of ["", "\ud800", "x".repeat(1979), "é".repeat(990)]) {
        expect(() => disk.write(batch({ entries: [noop(1, 1)], tableWrites: [put(key, "v")] }), () => undefined)).toThrow(
          "cannot be a key",
        );
        expect(disk.tables.get("requestOrder", key)).toBe(undefined);
      }
      await written(disk, { tableWrites: [put("x".repeat(1978), "long")] });
      expect(disk.tables.get("requestOrder", "x".repeat(1978))).toBe("long");
    });

    test("an iteration goes on seeing the state in which it began", async () => {
      await written(disk, { tableWrites: [put("a", "1"), put("b", "1"), put("c", "1")] });
      const seen: (readonly [string, string])[] = [];
      for (const row of disk.tables.range("requestOrder", {})) {
        seen.push(row);
        if (seen.length === 1) await written(disk, { tableWrites: [remove("b"), put("c", "2"), put("d", "2")] });
        await turn();
      }
      expect(seen).toEqual([
        ["a", "1"],
        ["b", "1"],
        ["c", "1"],
      ]);
      expect([...disk.tables.range("requestOrder", {})]).toEqual([
        ["a", "1"],
        ["c", "2"],
        ["d", "2"],
      ]);
    });

    test("an iteration may be left early, many times", async () => {
      await written(disk, { tableWrites: ["a", "b", "c"].map((key) => put(key, key)) });
      for (let i = 0; i < 300; i++) {
        for (const [key] of disk.tables.range("requestOrder", {})) {
          expect(key).toBe("a");
          break;
        }
      }
      expect(keys(disk.tables.range("requestOrder", {}))).toEqual(["a", "b", "c"]);
    });

    const ranges = [
      { range: {}, found: ["a", "b", "b/1", "c", "\uffff", "🎈"] },
      { range: { from: "b" }, found: ["b", "b/1", "c", "\uffff", "🎈"] },
      { range: { from: "b", below: "c" }, found: ["b", "b/1"] },
      { range: { from: "aa", below: "b/" }, found: ["b"] },
      { range: { from: "c", below: "b" }, found: [] },
      { range: { from: "b", below: "b" }, found: [] },
      { range: { below: "" }, found: [] },
      { range: { from: "", limit: 1 }, found: ["a"] },
      { range: { limit: 0 }, found: [] },
      { range: { reverse: true }, found: ["🎈", "\uffff", "c", "b/1", "b", "a"] },
      { range: { reverse: true, limit: 2 }, found: ["🎈", "\uffff"] },
      { range: { reverse: true, from: "b", below: "c" }, found: ["b/1", "b"] },
      { range: { reverse: true, from: "b", below: "bb", limit: 1 }, found: ["b/1"] },
      { range: { reverse: true, below: "a" }, found: [] },
      { range: { reverse: true, from: "🎈🎈" }, found: [] },
      { range: { from: "\uffff" }, found: ["\uffff", "🎈"] },
    ];
    test.each(ranges)("range $range finds $found", async ({ range, found }) => {
      await written(disk, { tableWrites: ["🎈", "c", "a", "b/1", "b", "\uffff"].map((key) => put(key, key)) });
      expect(keys(disk.tables.range("requestOrder", range))).toEqual(found);
    });

    test("keys are in the order of compareKeys, whatever they are", async () => {
      const key = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(key, { minLength: 1, maxLength: 30 }),
          key,
          key,
          fc.boolean(),
          async (some, from, below, reverse) => {
            await written(disk, { tableWrites: keys(disk.tables.range("requestOrder", {})).map(remove) });
            await written(disk, { tableWrites: some.map((each) => put(each, each)) });
            const wanted = some.filter((each) => compareKeys(each, from) >= 0 && compareKeys(each, below) < 0).sort(compareKeys);
            if (reverse) wanted.reverse();
            expect(keys(disk.tables.range("requestOrder", { from, below, reverse }))).toEqual(wanted);
            const sorted = [...some].sort(compareKeys);
            if (reverse) sorted.reverse();
            expect(keys(disk.tables.range("requestOrder", { reverse }))).toEqual(sorted);
          },
        ),
        { numRuns: 60 },
      );
    });

    test("any run of appends, replacements, cuts and restarts leaves the log of a plain list", async () => {
      const step = fc.record({
        back: fc.nat(6),
        count: fc.nat(5),
        bytes: fc.nat(200),
        cut: fc.option(fc.nat(8), { freq: 3 }),
        restart: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          let term = disk.log.term(disk.log.lastIndex) ?? 0;
          let base = disk.log.lastIndex as number;
          await written(disk, { compactTo: baseAt(base, term) });
          let model: Entry[] = [];
          for (const { back, count, bytes, cut, restart } of steps) {
            term++;
            const kept = Math.max(0, model.length - back);
            const entries = Array.from({ length: count }, (_, i) => command(base + kept + i + 1, term, bytes));
            if (count > 0) model = [...model.slice(0, kept), ...entries];
            const cutTo = cut === null || model.length === 0 ? undefined : model[Math.min(cut, model.length - 1)];
            await written(disk, { entries, compactTo: cutTo && baseAt(cutTo.index, cutTo.term) });
            if (cutTo !== undefined) {
              model = model.slice(cutTo.index - base);
              base = cutTo.index;
            }
            if (restart) await reopen();
            expect(all(disk)).toEqual(model);
            expect(disk.log.lastIndex).toBe(base + model.length);
            expect(model.map(({ index }) => disk.log.term(index))).toEqual(model.map((entry) => entry.term));
          }
        }),
        { numRuns: 25 },
      );
    });
  });
}

/** Lets the event loop go around once. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

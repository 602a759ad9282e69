/**
 * This file runs the storage contract on the disk in memory, and checks its crashes.
 */
import { expect, test } from "vitest";
import { toLogIndex } from "../../src/raft/types.ts";
import { batch, membership, noop } from "./entries.ts";
import { type DurableImage, emptyImage, MemoryStorage } from "./memory-storage.ts";
import { MemoryTables, writeAll } from "./memory-tables.ts";
import { describeStorage } from "./storage-contract.ts";

describeStorage("the storage in memory", async () => {
  let image: DurableImage = emptyImage(membership);
  let storage: MemoryStorage;
  return {
    open: async () => {
      storage = new MemoryStorage({ image, schedule: (complete) => setImmediate(complete) });
      return storage;
    },
    receiveSnapshot: async ({ meta, rows }) => {
      const tables = new MemoryTables();
      writeAll(tables, rows);
      storage.receiveSnapshot({ meta, tables });
    },
    close: async () => {
      image = storage.crash({ writeUnderWay: "lost" });
    },
    dispose: async () => undefined,
  };
});

const outcomes = [
  { writeUnderWay: "lost", lastIndex: 1, found: undefined },
  { writeUnderWay: "kept", lastIndex: 2, found: "v" },
] as const;

test.each(outcomes)("a crash leaves a write under way $writeUnderWay as a whole, and it never calls back", (outcome) => {
  const completions: (() => void)[] = [];
  const schedule = (complete: () => void) => completions.push(complete);
  const storage = new MemoryStorage({ image: emptyImage(membership), schedule });
  let acknowledged = 0;
  storage.write(batch({ entries: [noop(1, 1)] }), () => acknowledged++);
  completions.shift()?.();
  storage.write(
    batch({ entries: [noop(2, 1)], tableWrites: [{ table: "requestOrder", key: "k", record: "v" }] }),
    () => acknowledged++,
  );
  const image = storage.crash({ writeUnderWay: outcome.writeUnderWay });
  completions.shift()?.();
  expect(acknowledged).toBe(1);
  const restarted = new MemoryStorage({ image, schedule });
  expect(restarted.log.lastIndex).toBe(outcome.lastIndex);
  expect(restarted.log.term(toLogIndex(1))).toBe(1);
  expect(restarted.tables.get("requestOrder", "k")).toBe(outcome.found);
});

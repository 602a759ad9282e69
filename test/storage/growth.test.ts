/**
 * This file compares the bound on a write's growth with what LMDB makes of it, for random writes of all sizes, with and
 * without readers that keep old pages from being used again.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TableName } from "../../src/machine/state/tables.ts";
import { Environment, type Reading } from "../../src/storage/environment.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const key = (index: number, length: number) => `${String((index * 7919) % 1_000).padStart(4, "0")}${"k".repeat(length)}`;
const bytes = fc.oneof(fc.nat(60), fc.nat(2_100), fc.constantFrom(2_020, 2_030, 4_080, 4_081), fc.nat(40_000));
/** Some rows side by side, or scattered, are put or removed. */
const rows = fc.record({
  from: fc.nat(1_000),
  count: fc.oneof(fc.nat(5), fc.nat(400)),
  bytes,
  keyLength: fc.constantFrom(0, 0, 30, 900),
  table: fc.constantFrom<TableName>("config", "history", "requestOrder"),
  remove: fc.boolean(),
});
const write = fc.record({
  rows: fc.array(rows, { maxLength: 3 }),
  appended: fc.nat(60),
  entryBytes: bytes,
  cut: fc.oneof(fc.constant(0), fc.nat(300)),
  /** A reader comes, or the oldest goes. */
  reader: fc.constantFrom("comes", "goes", "none", "none"),
});

test("no write grows the file by more than was computed", async () => {
  let closest = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 5, maxLength: 12 }), async (writes) => {
      const environment = Environment.open(temporaryFolder(), 512 * 1024 * 1024);
      const readings: Reading[] = [];
      let [first, last] = [1, 0];
      for (const { rows: changed, appended, entryBytes, cut, reader } of writes) {
        if (reader === "comes") readings.push(environment.beginReading());
        if (reader === "goes") readings.shift()?.end();
        const plan = environment.plan();
        for (const { from, count, bytes: size, keyLength, table, remove } of changed) {
          // As much as a write may bring in production.
          const limit = Math.min(count, 1 + Math.floor(1_000_000 / (size + 1)));
          for (let i = from; i < from + limit; i++) {
            if (remove) plan.table(table).remove(key(i, keyLength));
            else plan.table(table).put(key(i, keyLength), new Uint8Array(size).fill(i));
          }
        }
        for (let i = 0; i < appended; i++) plan.log.append(++last, new Uint8Array(entryBytes).fill(i));
        for (let i = 0; i < cut && first < last; i++) plan.log.remove(first++);
        const before = environment.size().bytes;
        const reach = environment.reachOf(plan);
        await environment.commit(plan);
        environment.advance();
        const { bytes: after } = environment.size();
        expect(after).toBeLessThanOrEqual(reach);
        closest = Math.max(closest, (after - before) / (reach - before));
      }
      for (const reading of readings) reading.end();
      await environment.close();
    }),
    { numRuns: 15 },
  );
  // A bound that is never near would refuse writes for which there is room.
  expect(closest).toBeGreaterThan(0.4);
}, 120_000);

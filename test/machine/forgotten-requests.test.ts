/**
 * This file tests, with a memory of three requests, that what names its sender's past is carried out at most once however late it
 * is repeated, and that what is new is carried out.
 */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { CommandBody } from "../../src/machine/command.ts";
import { initialMeta, readMeta } from "../../src/machine/state/meta.ts";
import { toLogIndex } from "../../src/raft/types.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";
import { MachineFixture, make } from "./machine-fixture.ts";

vi.mock("../../src/machine/limits.ts", async (original) => ({
  ...(await original<typeof import("../../src/machine/limits.ts")>()),
  requestsMax: 3,
  requestAgeMsMax: 50_000,
}));

const storeId = "store";
/** SEED replays the random steps. */
const seed = process.env["SEED"] === undefined ? {} : { seed: Number(process.env["SEED"]) };

function fixtureOf(): MachineFixture {
  const tables = new MemoryTables();
  tables.put("meta", "state", initialMeta({ storeId }));
  return new MachineFixture(tables);
}

type Sent = {
  readonly id: string;
  readonly body: CommandBody;
  readonly since: { readonly storeId: string; readonly index: number };
};

/** Sends it once more, and says whether it was carried out, answered from memory, or refused as forgotten. */
function attempt(fixture: MachineFixture, { id, body, since }: Sent): "carriedOut" | "remembered" | "forgotten" {
  const isKnown = fixture.tables.get("requests", id) !== undefined;
  const request = { id, fingerprint: body.kind, since: { storeId: since.storeId, index: toLogIndex(since.index) } };
  const { outcome } = fixture.apply({ kind: "command", command: { request, body } });
  if (outcome?.ok === false && outcome.error.kind === "requestForgotten") return "forgotten";
  return isKnown ? "remembered" : "carriedOut";
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("begin" as const), waits: fc.boolean(), lag: fc.nat(3) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("send" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 60_000 }) }) },
);

describe("a request that says what its sender had seen before it", () => {
  test("is carried out at most once whenever it is repeated, and the first time unless others were forgotten since", () => {
    const counts = { carriedOut: 0, remembered: 0, forgotten: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const fixture = fixtureOf();
        const begun: Sent[] = [];
        const done = new Set<string>();
        for (const one of steps) {
          if (one.kind === "pass") fixture.advance(one.ms).tick();
          else if (one.kind === "begin") {
            const id = `r${begun.length}`;
            const body = one.waits ? make.acquire("lock", { ttlMs: 9_000, waitMs: 5_000 }) : make.put(id, "1");
            const index = Math.max(0, readMeta(fixture.tables).appliedIndex - one.lag);
            begun.push({ id, body, since: { storeId, index } });
          } else if (begun.length > 0) {
            const sent = begun[one.pick % begun.length] as Sent;
            const horizon = readMeta(fixture.tables).requestForgottenIndex;
            const end = attempt(fixture, sent);
            counts[end] += 1;
            if (end === "carriedOut") {
              expect(done.has(sent.id), `${sent.id} is carried out for the first time`).toBe(false);
              done.add(sent.id);
            } else if (end === "forgotten") expect(sent.since.index).toBeLessThan(horizon);
            if (sent.body.kind === "configPut")
              expect(fixture.tables.get("config", sent.id)?.version).toBe(done.has(sent.id) ? 1 : undefined);
          }
        }
      }),
      { numRuns: 300, ...seed },
    );
    expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).toBeGreaterThan(100);
  });

  test("is carried out at the horizon, and refused one entry before it", () => {
    const fixture = fixtureOf();
    const [first, ...others] = ["a", "b", "c", "d"].map(
      (id, index): Sent => ({ id, body: make.put(id, "1"), since: { storeId, index } }),
    );
    for (const sent of [first as Sent, ...others]) expect(attempt(fixture, sent)).toBe("carriedOut");
    expect(readMeta(fixture.tables).requestForgottenIndex).toBe(1);
    expect(attempt(fixture, first as Sent)).toBe("forgotten");
    expect(attempt(fixture, others[0] as Sent)).toBe("remembered");
    expect(attempt(fixture, { id: "e", body: make.put("e", "1"), since: { storeId, index: 1 } })).toBe("carriedOut");
  });

  test("of another store is refused, and without a past it is carried out again once it is forgotten", () => {
    const fixture = fixtureOf();
    expect(attempt(fixture, { id: "x", body: make.put("x", "1"), since: { storeId: "other", index: 9 } })).toBe("forgotten");
    for (const id of ["a", "b", "c", "d", "a"]) expect(fixture.request(id, make.put(id, "1")).ok).toBe(true);
    expect(fixture.tables.get("config", "a")?.version).toBe(2);
  });
});

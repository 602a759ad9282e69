/**
 * This file holds the decisions of the client's retries: pauses, ends, and what is said of a write at the end.
 */
import { describe, expect, test } from "vitest";
import type { Problem } from "../../openapi/client/index.ts";
import { afterSetback, backoffMs, newRetries, type RetryContext, type Setback } from "../../openapi/client/retries.ts";

const options = { delayMsMin: 50, delayMsMax: 1_000, attemptsMax: 4 };
const problem = (code: string, more: object = {}): Setback => ({
  kind: "refused",
  problem: { type: `urn:keyhold:problem:${code}`, title: code, status: 503, code, detail: code, ...more } as Problem,
});
const noLeader = problem("no_leader");
const unknown = problem("outcome_unknown");
const notSent: Setback = { kind: "unanswered", detail: "ECONNREFUSED", wasSent: false };
const silence: Setback = { kind: "unanswered", detail: "no answer", wasSent: true };

const at = (nowMs: number, more: Partial<RetryContext> = {}): RetryContext => ({
  options,
  mutates: true,
  callMs: 10_000,
  nowMs,
  deadlineMs: 10_000,
  random: () => 1,
  ...more,
});

describe("pauses", () => {
  const cases = [
    { repeat: 0, random: 0.999, floorMs: 0, pauseMs: 49.95 },
    { repeat: 1, random: 0.5, floorMs: 0, pauseMs: 50 },
    { repeat: 3, random: 1, floorMs: 0, pauseMs: 400 },
    { repeat: 30, random: 1, floorMs: 0, pauseMs: 1_000 },
    { repeat: 0, random: 0, floorMs: 700, pauseMs: 700 },
    { repeat: 0, random: 0, floorMs: 60_000, pauseMs: 1_000 },
  ];
  for (const { repeat, random, floorMs, pauseMs } of cases) {
    test(`pause ${repeat} at random ${random} with ${floorMs} ms asked for is ${pauseMs} ms`, () => {
      expect(backoffMs({ options, random: () => random, repeat, floorMs })).toBeCloseTo(pauseMs, 6);
    });
  }

  test("a call's pauses double, and are as long as a node asks for", () => {
    const retries = newRetries();
    const pauses = [noLeader, notSent, problem("no_leader", { retryAfterMs: 900 })].map((setback) =>
      afterSetback(retries, setback, at(0)),
    );
    expect(pauses).toEqual([
      { kind: "repeat", pauseMs: 50 },
      { kind: "repeat", pauseMs: 100 },
      { kind: "repeat", pauseMs: 900 },
    ]);
  });
});

describe("the end of a call", () => {
  test("comes with the last attempt", () => {
    const retries = newRetries();
    const kinds = [noLeader, noLeader, noLeader, noLeader].map((setback) => afterSetback(retries, setback, at(0)).kind);
    expect(kinds).toEqual(["repeat", "repeat", "repeat", "giveUp"]);
  });

  test("comes when the pause would reach the deadline", () => {
    expect(afterSetback(newRetries(), silence, at(9_949)).kind).toBe("repeat");
    expect(afterSetback(newRetries(), silence, at(9_950)).kind).toBe("giveUp");
  });

  test("keeps a definite refusal where too little time is left for another answer", () => {
    const left = (ms: number, more: Partial<RetryContext> = {}) => at(10_000 - ms, { random: () => 0, ...more });
    expect(afterSetback(newRetries(), noLeader, left(401)).kind).toBe("repeat");
    expect(afterSetback(newRetries(), noLeader, left(400))).toMatchObject({ kind: "giveUp", error: { code: "no_leader" } });
    expect(afterSetback(newRetries(), noLeader, left(61, { callMs: 600 })).kind).toBe("repeat");
    expect(afterSetback(newRetries(), noLeader, left(60, { callMs: 600 })).kind).toBe("giveUp");
    expect(afterSetback(newRetries(), silence, left(1)).kind).toBe("repeat");
  });

  const ends: readonly {
    readonly what: string;
    readonly mutates: boolean;
    readonly met: readonly Setback[];
    readonly code: string;
  }[] = [
    { what: "a write that every node refused", mutates: true, met: [notSent, noLeader], code: "no_leader" },
    { what: "a write that never left", mutates: true, met: [noLeader, notSent], code: "unreachable" },
    {
      what: "a write that one node did not answer, and the next refused",
      mutates: true,
      met: [silence, noLeader],
      code: "outcome_unknown",
    },
    { what: "a write of unknown outcome, refused after that", mutates: true, met: [unknown, noLeader], code: "outcome_unknown" },
    { what: "a read that was not answered", mutates: false, met: [noLeader, silence], code: "unreachable" },
    { what: "a read that was refused in the end", mutates: false, met: [silence, noLeader], code: "no_leader" },
  ];
  for (const { what, mutates, met, code } of ends) {
    test(`${what} is ${code}`, () => {
      const retries = newRetries();
      const steps = met.map((setback, i) => afterSetback(retries, setback, at(i < met.length - 1 ? 0 : 10_000, { mutates })));
      expect(steps.at(-1)).toMatchObject({ kind: "giveUp", error: { code } });
    });
  }
});

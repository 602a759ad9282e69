/**
 * This file runs all tests of REST in one process, on one node, and then asks whether the document and the answers are
 * the same set. Every answer was held against the document when it came (contract-recorder.ts).
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { codeByMembershipRefusal } from "../../api/contract/membership-problem.ts";
import { codeByServiceError, type ProblemCode } from "../../api/contract/problem.ts";
import { problems } from "../../openapi/generated/problems.ts";
import { describeConfig } from "./config-suite.ts";
import { answersDocumented, answersSeen } from "./contract-recorder.ts";
import { describeFailures } from "./failure-suite.ts";
import { startApi, type TestApi } from "./harness.ts";
import { describeHostile } from "./hostile-suite.ts";
import { describeLeases } from "./lease-suite.ts";
import { describeLocks } from "./lock-suite.ts";
import { describeMembers } from "./member-suite.ts";
import { describeOps } from "./ops-suite.ts";

/** The codes that the API gives itself, before the service is asked or instead of it. */
const edgeCodes = [
  "invalid_request",
  "not_found",
  "method_not_allowed",
  "too_large",
  "unsupported_media_type",
  "origin_not_allowed",
  "request_timeout",
  "expectation_failed",
  "misdirected_request",
  "header_too_large",
  "internal",
  "not_ready",
  "forward_loop",
] as const satisfies readonly ProblemCode[];

/** The codes of transfers that are not those of a refused change. */
const transferCodes = ["no_transfer_target", "transfer_timed_out"] as const satisfies readonly ProblemCode[];

let api: TestApi | undefined;
const running = (): TestApi => {
  if (api === undefined) throw new Error("not started");
  return api;
};

beforeAll(async () => {
  api = await startApi();
});
afterEach(() => {
  expect(running().service.pendingFaults).toBe(0);
});
afterAll(async () => {
  await api?.stop();
});

describe("config", () => describeConfig(running));
describe("leases", () => describeLeases(running));
describe("locks", () => describeLocks(running));
describe("ops", () => describeOps(running));
describe("members", () => describeMembers(running));
describe("hostile", () => describeHostile(running));
describe("failures", () => describeFailures(running));

describe("the contract", () => {
  test("every documented answer was given at least once", () => {
    // What is refused below the routes is in refusals.test.ts.
    const missing = [...answersDocumented()].filter((name) => !answersSeen().has(name) && !name.startsWith("refused "));
    expect(missing).toEqual([]);
  });

  test("no answer was given that is not documented", () => {
    const extra = [...answersSeen()].filter((name) => !answersDocumented().has(name));
    expect(extra).toEqual([]);
  });

  test("every code of the document is one that the API can answer, and the other way round", () => {
    const given = [
      ...Object.values(codeByServiceError),
      ...Object.values(codeByMembershipRefusal),
      ...transferCodes,
      ...edgeCodes,
    ];
    expect([...new Set(given)].sort()).toEqual(Object.keys(problems).sort());
  });
});

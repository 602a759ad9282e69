/**
 * This file compares every number that the document repeats to the constant that decides: who reads the contract, or generates a client
 * from it, is told the bounds that the service keeps.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createContract } from "../../api/contract/contract.ts";
import { targetsMax, watchIdLengthMax } from "../../api/watch/watch-requests.ts";
import { document } from "../../openapi/generated/document.ts";
import { options } from "../../src/config/options.ts";
import * as machine from "../../src/machine/limits.ts";
import { rowsPerPageMax } from "../../src/machine/reads/page.ts";
import { waitersShownMax } from "../../src/machine/reads/views.ts";
import { addressLengthMax } from "../../src/raft/ceilings.ts";
import { nodeIdPattern } from "../../src/raft/types.ts";
import { testLimits } from "./limits.ts";

const text = readFileSync(new URL("../../openapi/keyhold.yaml", import.meta.url), "utf8");

/** What stands at a path of the document; references are followed. */
function at(...path: readonly (string | number)[]): unknown {
  let here: unknown = document;
  for (const part of path) {
    const { $ref } = here as { readonly $ref?: string };
    if ($ref !== undefined) here = at(...$ref.slice(2).split("/"));
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}
const schema = (name: string, ...path: readonly (string | number)[]) => at("components", "schemas", name, ...path);
const parameter = (name: string, field: string) => at("components", "parameters", name, "schema", field);
/** `schema` of a parameter of an operation, of the kind `get /v1/config/{key}`. */
function ofOperation(operation: string, name: string): Record<string, unknown> {
  const [verb = "", path = ""] = operation.split(" ");
  const parameters = at("paths", path, verb, "parameters") as readonly { readonly name?: string; readonly schema?: object }[];
  return parameters.find((one) => one.name === name)?.schema as Record<string, unknown>;
}

const largestRevision = Number.MAX_SAFE_INTEGER;
const cases: readonly (readonly [what: string, inDocument: unknown, decides: unknown])[] = [
  ["a key", schema("Key", "maxLength"), machine.nameBytesMax],
  ["a prefix", parameter("Prefix", "maxLength"), machine.nameBytesMax],
  ["a key that is watched", schema("WatchTarget", "oneOf", 0, "properties", "key", "maxLength"), machine.nameBytesMax],
  ["a prefix that is watched", schema("WatchTarget", "oneOf", 1, "properties", "prefix", "maxLength"), machine.nameBytesMax],
  ["an owner", schema("Owner", "maxLength"), machine.labelBytesMax],
  ["a comment", ofOperation("put /v1/config/{key}", "Keyhold-Comment")["maxLength"], machine.commentBytesMax],
  ["an idempotency key", schema("IdempotencyKey", "pattern"), `^[!-~]{1,${machine.requestIdBytesMax}}$`],
  ["a position", schema("Position", "pattern"), `^[!-~]{1,${machine.requestIdBytesMax}}\\.[0-9]{1,15}$`],
  ["a store", schema("StoreId", "maxLength"), machine.requestIdBytesMax],
  ["the store of a watch", schema("WatchOpen", "properties", "storeId", "maxLength"), machine.requestIdBytesMax],
  ["the shortest TTL", schema("TtlMs", "minimum"), machine.leaseTtlMsMin],
  ["the longest TTL", schema("TtlMs", "maximum"), machine.leaseTtlMsMax],
  ["the longest wait", schema("WaitMs", "maximum"), machine.waitMsMax],
  [
    "how long an acquire is held",
    ofOperation("post /v1/locks/{name}/acquire", "holdMs")["maximum"],
    options.acquireHoldMsMax.max,
  ],
  ["that, by default", ofOperation("post /v1/locks/{name}/acquire", "holdMs")["default"], options.acquireHoldMsMax.default],
  ["leases of a keepalive", schema("LeaseKeepalive", "properties", "leaseIds", "maxItems"), machine.renewalsMax],
  ["targets of a watch", schema("WatchOpen", "properties", "targets", "maxItems"), targetsMax],
  ["the name of a watch", schema("WatchId", "maxLength"), watchIdLengthMax],
  ["the id of a node", schema("NodeId", "pattern"), nodeIdPattern.source],
  ["an address", schema("NodeUrl", "maxLength"), addressLengthMax],
  ["a revision", schema("Revision", "maximum"), largestRevision],
];
test.each(cases)("%s is bounded in the document as in the code", (_, inDocument, decides) => {
  expect(inDocument).toBe(decides);
});

test("a page holds no more items than rows that may be looked at for it, in every list", () => {
  const limit = Number(parameter("Limit", "maximum"));
  expect(limit).toBeLessThanOrEqual(rowsPerPageMax);
  for (const list of ["ConfigPage", "LeasePage", "LockPage"]) expect(schema(list, "properties", "items", "maxItems")).toBe(limit);
});

test("bounds in the texts of the document are those of the code", () => {
  expect(text).toContain(`UTF-8, 1 to ${machine.nameBytesMax} bytes`);
  expect(text).toContain(`at most ${machine.valueBytesMax / 1024 / 1024} MiB. A JSON type`);
  expect(text).toContain(`Shows at most ${waitersShownMax} waiters.`);
  expect(text).toContain(`${machine.leaseTtlMsMin} ms to ${machine.leaseTtlMsMax / 3_600_000} h.`);
  expect(text).toContain(`At most ${machine.labelBytesMax} bytes of UTF-8.`);
  expect(text).toContain(`about ${testLimits.pageBytesMax / 1024 / 1024} MiB of keys and values`);
});

test("the check of a request fills in the defaults of the document", () => {
  const contract = createContract(document);
  for (const [id, url, filled] of [
    ["listLocks", "/v1/locks", { limit: 100, consistency: "linearizable", prefix: "" }],
    ["listLeases", "/v1/leases", { limit: 100, consistency: "linearizable" }],
    ["listConfig", "/v1/config?prefix=a", { limit: 100, consistency: "linearizable", prefix: "a" }],
    ["acquireLock", "/v1/locks/a/acquire", { holdMs: 60_000 }],
  ] as const) {
    const read = contract.operation(id).parameters({ url, headers: {} } as never, { name: "a" });
    expect(read).toMatchObject({ ok: true, value: { query: filled } });
  }
});

/**
 * This file holds what is made from keyhold.yaml to keyhold.yaml, and the client's table of codes to both.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { errorTable } from "../../openapi/client/errors.ts";
import { findStale } from "../../openapi/generate.ts";
import { document } from "../../openapi/generated/document.ts";
import { problems, watchErrorCodes } from "../../openapi/generated/problems.ts";

type Schema = { readonly enum?: readonly string[]; readonly allOf?: readonly unknown[] };
const source = parse(readFileSync(new URL("../../openapi/keyhold.yaml", import.meta.url), "utf8"), { merge: true }) as {
  readonly components: { readonly schemas: Record<string, Schema>; readonly responses: Record<string, { description: string }> };
};
const { schemas, responses } = source.components;

test("the generated files are what keyhold.yaml gives now", async () => {
  expect(await findStale()).toEqual([]);
});

test("the client knows every problem code and every watch code of keyhold.yaml", () => {
  const codes = [...(schemas["ErrorCode"]?.enum ?? []), ...(schemas["WatchErrorCode"]?.enum ?? [])];
  expect(codes).toHaveLength(48 + 9);
  expect(codes.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
});

test("the client's table has no code that neither the wire nor the client can produce", () => {
  const own = ["unreachable", "aborted", "bad_response", "lock_lost"];
  const known = new Set<string>([...Object.keys(problems), ...watchErrorCodes, ...own]);
  expect(Object.keys(errorTable).filter((code) => !known.has(code))).toEqual([]);
});

test("every problem code has a status that its number fits", () => {
  expect(problems.revision_mismatch.status).toBe(412);
  expect(problems.outcome_unknown.status).toBe(504);
  expect(Object.values(problems).filter(({ status }) => status < 400 || status > 508)).toEqual([]);
});

test("every problem schema is used by a response, and its response names its code", () => {
  const text = JSON.stringify(responses);
  for (const [code, { schema }] of Object.entries(problems)) {
    expect(text).toContain(`"#/components/schemas/${schema}"`);
    expect(Object.values(responses).some(({ description }) => description.includes(`\`${code}\``))).toBe(true);
  }
});

test("every response of every operation documents the position headers", () => {
  const paths = document["paths"] as Record<
    string,
    Record<string, { responses?: Record<string, { headers?: object; $ref?: string }> }>
  >;
  const shared = (document["components"] as { responses: Record<string, { headers: object }> }).responses;
  const naked: string[] = [];
  for (const [path, item] of Object.entries(paths)) {
    for (const [verb, operation] of Object.entries(item)) {
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        const headers = response.$ref === undefined ? response.headers : shared[response.$ref.split("/").at(-1) ?? ""]?.headers;
        const names = Object.keys(headers ?? {});
        if (
          !["Keyhold-Revision", "Keyhold-Term", "Keyhold-Served-By", "Keyhold-Store", "Keyhold-Position"].every((name) =>
            names.includes(name),
          )
        ) {
          naked.push(`${verb} ${path} ${status}`);
        }
      }
    }
  }
  expect(naked).toEqual([]);
});

test("every mutation that is not repeatable by nature takes an Idempotency-Key", () => {
  const paths = document["paths"] as Record<
    string,
    Record<string, { operationId?: string; parameters?: readonly { $ref?: string }[] }>
  >;
  const without: string[] = [];
  for (const item of Object.values(paths)) {
    for (const verb of ["put", "post", "delete"]) {
      const operation = item[verb];
      if (operation === undefined) continue;
      const takes = operation.parameters?.some(({ $ref }) => $ref === "#/components/parameters/IdempotencyKey") === true;
      if (!takes) without.push(operation.operationId ?? "");
    }
  }
  expect(without).toEqual([
    "keepAliveLease",
    "verifyLock",
    "addMember",
    "removeMember",
    "promoteMember",
    "replaceMember",
    "transferLeadership",
  ]);
});

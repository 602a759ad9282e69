/**
 * This file tests what the config client sends and what it makes of answers.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createClient, type Environment } from "../../openapi/client/index.ts";
import { decodeEntry, encodeComment, encodeValue } from "../../openapi/client/value.ts";
import { type FakeNode, json, problem, startFakeNode, until } from "./fake-node.ts";
import { ManualClock } from "./manual-clock.ts";

let node: FakeNode | undefined;
afterEach(() => node?.close());

async function connect(answer: FakeNode["answer"], environment: Partial<Environment> = {}) {
  const fake = await startFakeNode(answer);
  node = fake;
  return { fake, client: createClient({ endpoints: [fake.url], environment: { random: () => 0, ...environment } }) };
}

const meta = {
  version: 3,
  createRevision: 7,
  modRevision: 41,
  leaseId: null,
  author: null,
  comment: null,
  updatedAt: "2026-01-01T00:00:00.000Z",
};
const written = json(200, { key: "k", created: false, version: 4, createRevision: 7, modRevision: 42 });

describe("values", () => {
  const encoded = [
    { name: "an object is JSON", value: { a: 1 }, contentType: undefined, bytes: '{"a":1}', sent: "application/json" },
    { name: "a string without a type is JSON", value: "on", contentType: undefined, bytes: '"on"', sent: "application/json" },
    { name: "null is JSON", value: null, contentType: undefined, bytes: "null", sent: "application/json" },
    { name: "a string of a text type is itself", value: "a: 1\n", contentType: "text/yaml", bytes: "a: 1\n", sent: "text/yaml" },
    { name: "a +json type is JSON", value: [1], contentType: "application/ld+json", bytes: "[1]", sent: "application/ld+json" },
    {
      name: "bytes are themselves",
      value: new Uint8Array([0, 255]),
      contentType: undefined,
      bytes: new Uint8Array([0, 255]),
      sent: "application/octet-stream",
    },
  ];
  for (const { name, value, contentType, bytes, sent } of encoded) {
    test(`${name}`, () => expect(encodeValue(value, contentType)).toEqual({ bytes, contentType: sent }));
  }

  test("what JSON cannot say is a TypeError", () => {
    expect(() => encodeValue(undefined, undefined)).toThrow(TypeError);
    expect(() => encodeValue({ a: 1 }, "text/plain")).toThrow(TypeError);
  });

  test("base64 is given back as bytes and the encoding is gone", () => {
    const decoded = decodeEntry({ key: "k", value: "AP8=", encoding: "base64", contentType: "image/png", ...meta });
    expect(decoded).toEqual({ key: "k", value: new Uint8Array([0, 255]), contentType: "image/png", ...meta });
  });

  test("a JSON string that looks like base64 stays a string", () => {
    const decoded = decodeEntry({ key: "k", value: "AP8=", contentType: "application/json", ...meta });
    expect(decoded.value).toBe("AP8=");
  });

  const comments = [
    { comment: "more load", header: "more load" },
    { comment: "50% größer\n✓", header: "50%25 gr%C3%B6%C3%9Fer%0A%E2%9C%93" },
    { comment: "~!$&", header: "~!$&" },
  ];
  for (const { comment, header } of comments) {
    test(`the comment ${JSON.stringify(comment)} travels as ${header}`, () => expect(encodeComment(comment)).toBe(header));
  }
});

describe("requests", () => {
  test("a put sends bytes, type, condition, lease and comment", async () => {
    const { fake, client } = await connect(() => written);
    const put = await client.config.put("payments/db pool/größe", "x=1", {
      contentType: "text/plain",
      expect: { revision: 41 },
      leaseId: "l44",
      comment: "50%",
    });
    expect(put).toEqual({ ok: true, value: { key: "k", created: false, version: 4, createRevision: 7, modRevision: 42 } });
    const asked = fake.asked[0];
    expect(`${asked?.method} ${asked?.path}`).toBe("PUT /v1/config/payments%2Fdb%20pool%2Fgr%C3%B6%C3%9Fe");
    expect(asked?.query.get("lease")).toBe("l44");
    expect(asked?.headers["content-type"]).toBe("text/plain");
    expect(asked?.headers["if-match"]).toBe('"41"');
    expect(asked?.headers["keyhold-comment"]).toBe("50%25");
    expect(asked?.body.toString()).toBe("x=1");
  });

  test("bytes arrive as they are", async () => {
    const { fake, client } = await connect(() => written);
    await client.config.put("k", new Uint8Array([0, 128, 255]), { expect: "absent" });
    expect([...(fake.asked[0]?.body ?? [])]).toEqual([0, 128, 255]);
    expect(fake.asked[0]?.headers["if-none-match"]).toBe("*");
    expect(fake.asked[0]?.headers["content-type"]).toBe("application/octet-stream");
  });

  test("a list asks for what was asked and decodes its items", async () => {
    const items = [{ key: "a", value: "AA==", encoding: "base64", contentType: "image/png", ...meta }];
    const { fake, client } = await connect(() => json(200, { items, cursor: "c2", revision: 50 }));
    const page = await client.config.list({ prefix: "a/ü", limit: 10, cursor: "c1", consistency: "stale", minRevision: 9 });
    expect(page).toEqual({
      ok: true,
      value: { items: [{ key: "a", value: new Uint8Array([0]), contentType: "image/png", ...meta }], cursor: "c2", revision: 50 },
    });
    expect(Object.fromEntries(fake.asked[0]?.query ?? [])).toEqual({
      prefix: "a/ü",
      limit: "10",
      cursor: "c1",
      consistency: "stale",
      minRevision: "9",
    });
  });

  test("a delete of a key that is not there says so", async () => {
    const { fake, client } = await connect(() => problem(404, "key_not_found"));
    const result = await client.config.delete("k", { expect: "exists" });
    expect(result.ok ? undefined : result.error.code).toBe("key_not_found");
    expect(fake.asked[0]?.headers["if-match"]).toBe("*");
  });
});

describe("update", () => {
  const entry = { key: "k", value: { n: 1 }, contentType: "application/vnd.app+json", ...meta, leaseId: "l9" };

  test("it computes again from the newer value when somebody else was faster, and keeps lease and type", async () => {
    let reads = 0;
    const { fake, client } = await connect((asked) => {
      if (asked.method === "GET") return json(200, { ...entry, value: { n: ++reads * 10 }, modRevision: 40 + reads });
      return asked.headers["if-match"] === '"42"' ? written : problem(412, "revision_mismatch", { actual: 42 });
    });
    const seen: unknown[] = [];
    const result = await client.config.update("k", (current) => {
      seen.push(current?.value);
      return { n: 99 };
    });
    expect(result.ok).toBe(true);
    expect(seen).toEqual([{ n: 10 }, { n: 20 }]);
    const puts = fake.asked.filter((asked) => asked.method === "PUT");
    expect(puts.map((asked) => asked.headers["if-match"])).toEqual(['"41"', '"42"']);
    expect(puts[1]?.query.get("lease")).toBe("l9");
    expect(puts[1]?.headers["content-type"]).toBe("application/vnd.app+json");
    expect(puts[1]?.headers["idempotency-key"]).not.toBe(puts[0]?.headers["idempotency-key"]);
  });

  test("a key that does not exist is created, and only if it still does not exist", async () => {
    const { fake, client } = await connect((asked) => (asked.method === "GET" ? problem(404, "key_not_found") : written));
    expect((await client.config.update("k", (current) => (current === null ? 1 : 2))).ok).toBe(true);
    expect(fake.asked[1]?.headers["if-none-match"]).toBe("*");
    expect(fake.asked[1]?.json()).toBe(1);
  });

  test("it gives up with revision_mismatch after roundsMax rounds", async () => {
    const { fake, client } = await connect((asked) =>
      asked.method === "GET" ? json(200, entry) : problem(412, "revision_mismatch", { actual: 1 }),
    );
    const result = await client.config.update("k", () => 1, { roundsMax: 3 });
    expect(result.ok ? undefined : result.error.code).toBe("revision_mismatch");
    expect(fake.asked).toHaveLength(6);
  });

  test("it ends by its deadline, however long the read has taken", async () => {
    const clock = new ManualClock();
    const { fake, client } = await connect(
      (asked) => {
        if (asked.method === "PUT") return { kind: "hang" };
        clock.advance(900);
        return json(200, entry);
      },
      { clock },
    );
    let settled = false;
    const update = client.config
      .update("k", () => 1, { timeoutMs: 1000 })
      .then((result) => {
        settled = true;
        return result;
      });
    await until("the write", () => fake.asked.some(({ method }) => method === "PUT"));
    expect(clock.dueInMs()).toEqual([100]);
    clock.advance(100);
    await until("the end", () => settled);
    const result = await update;
    expect(result.ok ? undefined : result.error.code).toBe("outcome_unknown");
  });

  test("what the computation throws is passed on and nothing is written", async () => {
    const { fake, client } = await connect(() => json(200, entry));
    const update = client.config.update("k", () => {
      throw new RangeError("no");
    });
    await expect(update).rejects.toThrow(RangeError);
    expect(fake.asked).toHaveLength(1);
  });
});

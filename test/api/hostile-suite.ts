/**
 * This file tests what no decent client sends.
 */
import { connect } from "node:net";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Method, send, sendRaw, type TestApi } from "./harness.ts";

/** Tests that need a running API. */
export function describeHostile(api: () => TestApi): void {
  describe("a path", () => {
    test("that no operation has is 404, and a verb that a path has not is 405 with those it has", async () => {
      for (const path of [
        "/",
        "/v1",
        "/v2/config/a",
        "/v1/configs",
        "/V1/config",
        "/livez/",
        "/v1/socket.io/",
        "/favicon.ico",
        "/v1/leases/",
      ]) {
        const answer = await send(api(), "GET", path);
        expect(answer.body["code"], path).toBe("not_found");
      }
      const cases: readonly [Method, string, string][] = [
        ["POST", "/v1/config/a", "GET, HEAD, PUT, DELETE"],
        ["PATCH", "/v1/config/a", "GET, HEAD, PUT, DELETE"],
        ["OPTIONS", "/v1/config", "GET, HEAD"],
        ["GET", "/v1/leases/l1/keepalive", "POST"],
        ["PUT", "/v1/locks/a/acquire", "POST"],
        ["POST", "/v1/locks/a", "GET, HEAD"],
        ["DELETE", "/v1/locks/a", "GET, HEAD"],
        ["POST", "/metrics", "GET, HEAD"],
      ];
      for (const [method, path, allow] of cases) {
        const answer = await send(api(), method, path);
        expect(answer.status, `${method} ${path}`).toBe(405);
        expect(answer.headers["allow"]).toBe(allow);
        expect(answer.body["code"]).toBe("method_not_allowed");
      }
    });

    test("means the same key with its slashes raw or encoded", async () => {
      await send(api(), "PUT", "/v1/config/slash/a%2Fb/c", { body: {} });
      for (const path of ["/v1/config/slash/a/b/c", "/v1/config/slash%2fa%2Fb/c", "/v1/config/%73lash/a/b/c"]) {
        expect((await send(api(), "GET", path)).body["key"], path).toBe("slash/a/b/c");
      }
    });

    test("may hold any text that is a key", async () => {
      for (const key of ["ключ/🔑", "a b", "100%", "a?b#c", "...", ".hidden", "a\\b", "//x//", "constructor", "__proto__"]) {
        const path = `/v1/config/text/${encodeURIComponent(key)}`;
        expect((await send(api(), "PUT", path, { body: {} })).status, key).toBe(201);
        expect((await send(api(), "GET", path)).body["key"]).toBe(`text/${key}`);
      }
    });

    test("that is not a key is refused before anybody acts on it", async () => {
      const paths = [
        "/v1/config/",
        "/v1/config/..",
        "/v1/config/a/../b",
        "/v1/config/a/%2e%2e/b",
        "/v1/config/a%2F..%2Fb",
        "/v1/config/./a",
        "/v1/config/a/.",
        "/v1/config/%00",
        "/v1/config/a%0Ab",
        "/v1/config/%7F",
        "/v1/config/%C2%85",
        "/v1/config/%",
        "/v1/config/%zz",
        "/v1/config/%ff",
        "/v1/config/%c0%af",
        "/v1/config/%ed%a0%80",
        `/v1/config/${"a".repeat(481)}`,
        `/v1/config/${"%C3%BC".repeat(241)}`,
        "/v1/locks/..",
      ];
      for (const path of paths) {
        const answer = await sendRaw(api(), "GET", path);
        expect(answer.body["code"], path).toBe("invalid_request");
      }
      expect((await sendRaw(api(), "GET", `/v1/config/${"%C3%BC".repeat(240)}`)).status).toBe(404);
      expect((await sendRaw(api(), "POST", "/v1/locks//acquire")).body["code"]).toBe("invalid_request");
    });

    test("that is a whole URL is refused", async () => {
      const answer = await exchange(
        api(),
        `GET http://elsewhere.test/v1/config/a HTTP/1.1\r\nHost: ${hostOf(api())}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"invalid_request"');
    });
  });

  describe("a query", () => {
    test("with an unknown, repeated, empty or unreadable parameter is refused", async () => {
      const queries = [
        "?x=1",
        "?raw=true&raw=true",
        "?raw",
        "?raw=yes",
        "?raw=%zz",
        "?revision=-1",
        "?revision=1.0",
        "?revision=1e3",
      ];
      queries.push(
        "?revision=9007199254740992",
        "?revision=00",
        "?consistency=strong",
        "?minRevision=",
        "?__proto__=1",
        "?raw[]=true",
      );
      for (const query of queries) {
        const answer = await sendRaw(api(), "GET", `/v1/config/a${query}`);
        expect(answer.body["code"], query).toBe("invalid_request");
      }
      for (const query of [
        "?limit=0",
        "?limit=1001",
        "?limit=ten",
        `?prefix=${"a".repeat(481)}`,
        `?cursor=${"a".repeat(2049)}`,
      ]) {
        expect((await sendRaw(api(), "GET", `/v1/config${query}`)).status, query).toBe(400);
      }
    });
  });

  describe("a header", () => {
    test("that comes twice is refused where it decides something", async () => {
      const json = { "content-type": "application/json" };
      for (const name of ["if-match", "idempotency-key", "keyhold-request-since", "if-none-match"]) {
        const headers = { ...json, [name]: ["1", "2"] };
        expect((await sendRaw(api(), "PUT", "/v1/config/twice", { headers, body: "1" })).status, name).toBe(400);
      }
    });

    test("Idempotency-Key has 1 to 128 visible characters", async () => {
      const json = { "content-type": "application/json" };
      for (const key of ["", " ", "a b", "x".repeat(129), "ü"]) {
        const headers = { ...json, "idempotency-key": key };
        expect((await sendRaw(api(), "PUT", "/v1/config/idem", { headers, body: "1" })).status, key).toBe(400);
      }
      const headers = { ...json, "idempotency-key": "x".repeat(128) };
      expect((await sendRaw(api(), "PUT", "/v1/config/idem", { headers, body: "1" })).status).toBe(201);
    });

    test("block beyond its limit is refused with a problem", async () => {
      const answer = await exchange(
        api(),
        `GET /livez HTTP/1.1\r\nHost: ${hostOf(api())}\r\nX-Large: ${"a".repeat(20_000)}\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      expect(answer).toContain("The head of a request has at most 16384 bytes.");
      expect(answer).toMatch(/keyhold-served-by: n1/i);
    });

    test("Keyhold-Request-Id is repeated when it is fit to be, and made up otherwise", async () => {
      const mine = await send(api(), "GET", "/livez", { headers: { "keyhold-request-id": "trace-1" } });
      expect(mine.headers["keyhold-request-id"]).toBe("trace-1");
      const unfit = await send(api(), "GET", "/livez", { headers: { "keyhold-request-id": "a b<c>" } });
      expect(unfit.headers["keyhold-request-id"]).toMatch(/^[\w-]{8}-[0-9a-z]+$/);
    });
  });

  describe("a body", () => {
    test("that is not the JSON of its operation is refused", async () => {
      const headers = { "content-type": "application/json" };
      const bodies = [
        "",
        "null",
        "1",
        '"x"',
        "[]",
        "{",
        '{"ttlMs":1000}x',
        '{"__proto__":{"ttlMs":1000}}',
        '{"ttlMs":1000,"__proto__":{}}',
      ];
      bodies.push('{"ttlMs":1000,"owner":"\\ud800"}', '{"ttlMs":1000,"owner":"a","\\uDC00":1}', '{"ttlMs":-0}');
      bodies.push('{"ttlMs":1e400}', '{"ttlMs":1000,"constructor":1}', "[".repeat(30_000));
      for (const body of bodies) {
        const answer = await sendRaw(api(), "POST", "/v1/leases", { headers, body });
        expect(answer.body["code"], body.slice(0, 40)).toBe("invalid_request");
      }
      expect((await sendRaw(api(), "POST", "/v1/leases", { body: "{}" })).status).toBe(415);
      for (const charset of ["utf-7", "iso-8859-1", "utf-16", '"utf-7"', ""]) {
        const type = { "content-type": `application/json; charset=${charset}` };
        expect((await sendRaw(api(), "POST", "/v1/leases", { headers: type, body: '{"ttlMs":1000}' })).status, charset).toBe(415);
        expect((await sendRaw(api(), "PUT", "/v1/config/charset", { headers: type, body: "1" })).status, charset).toBe(415);
      }
      for (const charset of ["utf-8", "UTF-8", '"utf-8"', "us-ascii"]) {
        const type = { "content-type": `application/json; charset=${charset}` };
        expect((await sendRaw(api(), "POST", "/v1/leases", { headers: type, body: '{"ttlMs":1000}' })).status, charset).toBe(201);
      }
    });
  });

  describe("a text", () => {
    test("that the state machine would not take does not reach the log", async () => {
      const owners = ["ü".repeat(129), "\ud800", "x\udc00"];
      for (const owner of owners) {
        const body = { ttlMs: 1000, owner };
        expect((await send(api(), "POST", "/v1/leases", { body })).status).toBe(400);
        expect((await send(api(), "POST", "/v1/locks/text/acquire", { body })).status).toBe(400);
      }
      const long = { headers: { "content-type": `text/plain; x=${"a".repeat(245)}` }, body: "1" };
      expect((await sendRaw(api(), "PUT", "/v1/config/text", long)).status).toBe(415);
      // The pattern of the document lets it through; no revision is that large.
      const leaseId = "l9999999999999999";
      const release = { leaseId, fence: 1 };
      expect((await send(api(), "GET", `/v1/leases/${leaseId}`)).status).toBe(400);
      expect((await send(api(), "DELETE", `/v1/leases/${leaseId}`)).status).toBe(400);
      expect((await send(api(), "POST", `/v1/leases/${leaseId}/keepalive`)).status).toBe(400);
      expect((await send(api(), "PUT", `/v1/config/text?lease=${leaseId}`, { body: {} })).status).toBe(400);
      expect((await send(api(), "POST", "/v1/locks/text/acquire", { body: { leaseId } })).status).toBe(400);
      expect((await send(api(), "POST", "/v1/locks/text/release", { body: release })).status).toBe(400);
    });

    test("that is longer than any key finds nothing, and hurts nobody", async () => {
      const long = encodeURIComponent("\u{1f511}".repeat(480));
      expect((await send(api(), "GET", `/v1/config?prefix=${long}`)).body["items"]).toEqual([]);
      expect((await send(api(), "GET", `/v1/locks?prefix=${long}`)).body["items"]).toEqual([]);
    });

    test("that a cursor cannot hold is refused, checksum or not", async () => {
      const names = [
        "\ud800",
        "a\udc00",
        "\ud800".repeat(480),
        "",
        "a\u0000",
        "\u0001",
        "x".repeat(481),
        1,
        null,
        ["a"],
        { a: 1 },
      ];
      const contents: unknown[] = names.map((name) => ["LIST", name, null]);
      contents.push(
        ["LIST", "a"],
        ["LIST", "a", -1],
        ["LIST", "a", 1.5],
        ["LIST", "a", 2 ** 53],
        ["LIST", "a", "1"],
        ["other", "a", null],
      );
      contents.push(null, {}, "LIST", 7, []);
      for (const list of ["config", "locks", "leases"]) {
        const asked = contents.flatMap((content) => {
          const text = Buffer.from(JSON.stringify(content).replace("LIST", list));
          const checksum = Buffer.alloc(4);
          checksum.writeUInt32BE(crc32(text));
          return [text, Buffer.concat([checksum, text])].map(async (bytes) => {
            const answer = await sendRaw(api(), "GET", `/v1/${list}?cursor=${bytes.toString("base64url")}`);
            expect(answer.status, `${list} ${JSON.stringify(content)}`).toBe(400);
          });
        });
        await Promise.all(asked);
        expect((await send(api(), "GET", `/v1/${list}`)).status).toBe(200);
      }
    });

    test("at its longest is taken", async () => {
      const owner = "ü".repeat(128);
      expect((await send(api(), "POST", "/v1/leases", { body: { ttlMs: 1000, owner } })).status).toBe(201);
      const headers = { "content-type": `text/plain; x=${"a".repeat(242)}`, "keyhold-comment": "x".repeat(1024) };
      const key = "k".repeat(480);
      expect((await sendRaw(api(), "PUT", `/v1/config/${key}`, { headers, body: "1" })).status).toBe(201);
      const path = `/v1/locks/${key}/acquire`;
      expect((await send(api(), "POST", path, { body: { ttlMs: 1000, owner } })).status).toBe(200);
    });
  });

  describe("bytes", () => {
    test("that are not HTTP get a problem and the end of the connection", async () => {
      for (const bytes of [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      ]) {
        const answer = await exchange(api(), bytes);
        expect(answer, bytes).toMatch(/^HTTP\/1\.1 400 /);
      }
      expect(await exchange(api(), "nonsense\r\n\r\n")).toContain("application/problem+json");
    });

    test("that ask for another protocol get a problem", async () => {
      const upgrade = `Host: ${hostOf(api())}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`;
      expect(await exchange(api(), `GET /livez HTTP/1.1\r\n${upgrade}`)).toContain('"code":"invalid_request"');
      expect(await exchange(api(), `GET /v1/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${upgrade}`)).toContain(
        "websockets",
      );
    });
  });
}

function hostOf(api: TestApi): string {
  return `127.0.0.1:${api.api.port}`;
}

/** What the server sends back for `bytes` until it closes. */
function exchange(api: TestApi, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.api.port, "127.0.0.1", () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.on("error", reject);
  });
}

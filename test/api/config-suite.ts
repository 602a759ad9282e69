/**
 * This file tests /v1/config.
 */
import { describe, expect, test } from "vitest";
import { send, sendRaw, type TestApi } from "./harness.ts";

/** Tests that need a running API; each uses keys of its own. */
export function describeConfig(api: () => TestApi): void {
  describe("a value", () => {
    test("comes back byte for byte, inside the entry and alone", async () => {
      const written = '{ "b": 12345678901234567890, "a": [1.10, 1e400] }\n';
      const headers = { "content-type": "application/json" };
      await sendRaw(api(), "PUT", "/v1/config/bytes/json", { headers, body: written });
      const entry = await send(api(), "GET", "/v1/config/bytes/json");
      expect(entry.text).toContain(`"value":${written},"contentType":"application/json"`);
      const raw = await send(api(), "GET", "/v1/config/bytes/json?raw=true");
      expect(raw.text).toBe(written);
      expect(raw.headers["content-type"]).toBe("application/json");
    });

    test("of a text type is shown as a string", async () => {
      await send(api(), "PUT", "/v1/config/bytes/text", {
        headers: { "content-type": "text/plain; charset=utf-8" },
        body: "grüße\n",
      });
      const entry = await send(api(), "GET", "/v1/config/bytes/text");
      expect(entry.body["value"]).toBe("grüße\n");
      expect(entry.body["contentType"]).toBe("text/plain; charset=utf-8");
      expect(entry.body["encoding"]).toBeUndefined();
    });

    test("without a content type is bytes, shown in base64", async () => {
      const put = await sendRaw(api(), "PUT", "/v1/config/bytes/binary", { body: Buffer.from([0, 255, 10]) });
      expect(put.status).toBe(201);
      const entry = await send(api(), "GET", "/v1/config/bytes/binary");
      expect(entry.body).toMatchObject({ value: "AP8K", encoding: "base64", contentType: "application/octet-stream" });
    });

    test("that is a page is served without the rights of one", async () => {
      await send(api(), "PUT", "/v1/config/bytes/page", { headers: { "content-type": "text/html" }, body: "<script>1</script>" });
      const raw = await send(api(), "GET", "/v1/config/bytes/page?raw=true");
      expect(raw.headers["content-security-policy"]).toBe("default-src 'none';frame-ancestors 'none';sandbox");
      expect(raw.headers["x-content-type-options"]).toBe("nosniff");
    });

    test("may hold keys that are traps elsewhere", async () => {
      const trap = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
      await sendRaw(api(), "PUT", "/v1/config/bytes/trap", { headers: { "content-type": "application/json" }, body: trap });
      expect((await send(api(), "GET", "/v1/config/bytes/trap?raw=true")).text).toBe(trap);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });

    test("may be a mebibyte and not a byte more", async () => {
      const headers = { "content-type": "application/octet-stream" };
      const largest = await send(api(), "PUT", "/v1/config/bytes/large", { headers, body: Buffer.alloc(1024 * 1024, 7) });
      expect(largest.status).toBe(201);
      const larger = await send(api(), "PUT", "/v1/config/bytes/large", { headers, body: Buffer.alloc(1024 * 1024 + 1, 7) });
      expect(larger.status).toBe(413);
      expect(larger.body).toMatchObject({ code: "too_large", bytesMax: 1_048_576 });
      expect(larger.body["detail"]).toBe(
        "A value has at most 1048576 bytes. Keep large data in a blob store and its address here.",
      );
      const twice = await send(api(), "PUT", "/v1/config/bytes/large", { headers, body: Buffer.alloc(2 * 1024 * 1024, 7) });
      expect(twice.status).toBe(413);
    });

    test("far beyond the limit is refused from its length alone, and the connection ends", async () => {
      const answer = await sendRaw(api(), "PUT", "/v1/config/bytes/huge", { headers: { "content-length": "9000000000" } });
      expect(answer.status).toBe(413);
      expect(answer.headers["connection"]).toBe("close");
    });
  });

  describe("a write", () => {
    test("answers 201 for a new key and 200 for an old one, with the ETag of what it wrote", async () => {
      const created = await send(api(), "PUT", "/v1/config/write/a", { body: { n: 1 } });
      expect(created.status).toBe(201);
      expect(created.body).toMatchObject({ key: "write/a", created: true, version: 1 });
      const updated = await send(api(), "PUT", "/v1/config/write/a", { body: { n: 2 } });
      expect(updated.status).toBe(200);
      expect(updated.body).toMatchObject({ created: false, version: 2, createRevision: created.body["modRevision"] });
      expect(updated.headers["etag"]).toBe(`"${String(updated.body["modRevision"])}"`);
      expect(updated.headers["keyhold-revision"]).toBe(String(updated.body["modRevision"]));
    });

    test("with If-Match happens only at that revision, and says which there is", async () => {
      const created = await putJson(api(), "/v1/config/write/cas", "1");
      const tag = created.headers["etag"] ?? "";
      expect((await putJson(api(), "/v1/config/write/cas", "2", { "if-match": tag })).status).toBe(200);
      const late = await putJson(api(), "/v1/config/write/cas", "3", { "if-match": tag });
      const now = await send(api(), "GET", "/v1/config/write/cas");
      expect(late.status).toBe(412);
      expect(late.body).toMatchObject({ code: "revision_mismatch", actual: now.body["modRevision"] });
      expect(late.headers["etag"]).toBe(now.headers["etag"]);
      expect(now.body["value"]).toBe(2);
    });

    test("takes an If-Match without quotes", async () => {
      const created = await putJson(api(), "/v1/config/write/bare", "1");
      const bare = (created.headers["etag"] ?? "").replaceAll('"', "");
      expect((await putJson(api(), "/v1/config/write/bare", "2", { "if-match": bare })).status).toBe(200);
    });

    test("with If-Match of a key that is not there answers 412 with actual null and no ETag", async () => {
      const answer = await putJson(api(), "/v1/config/write/none", "1", { "if-match": '"1"' });
      expect(answer.status).toBe(412);
      expect(answer.body["actual"]).toBeNull();
      expect(answer.headers["etag"]).toBeUndefined();
    });

    test("with If-Match * needs the key, with If-None-Match * its absence", async () => {
      expect((await putJson(api(), "/v1/config/write/star", "1", { "if-match": "*" })).status).toBe(412);
      expect((await putJson(api(), "/v1/config/write/star", "1", { "if-none-match": "*" })).status).toBe(201);
      expect((await putJson(api(), "/v1/config/write/star", "2", { "if-none-match": "*" })).status).toBe(412);
      expect((await putJson(api(), "/v1/config/write/star", "2", { "if-match": "*" })).status).toBe(200);
    });

    test("with both conditions, or one that is none, is refused", async () => {
      const both = await putJson(api(), "/v1/config/write/bad", "1", { "if-match": '"1"', "if-none-match": "*" });
      expect(both.body["code"]).toBe("invalid_request");
      for (const tag of ['W/"1"', '"x"', '"1", "2"', "-1", '"99999999999999999"', '"9999999999999999"']) {
        expect((await putJson(api(), "/v1/config/write/bad", "1", { "if-match": tag })).status).toBe(400);
      }
    });

    test("under the same Idempotency-Key happens once, and another write under it is refused", async () => {
      const headers = { "idempotency-key": "write-once" };
      const first = await putJson(api(), "/v1/config/write/once", "1", headers);
      await putJson(api(), "/v1/config/write/once", "2");
      const repeated = await putJson(api(), "/v1/config/write/once", "1", headers);
      expect(repeated.status).toBe(201);
      expect(repeated.body).toEqual(first.body);
      expect((await send(api(), "GET", "/v1/config/write/once")).body["value"]).toBe(2);
      const other = await putJson(api(), "/v1/config/write/once", "3", headers);
      expect(other.status).toBe(422);
      expect(other.body["code"]).toBe("request_mismatch");
    });

    test("under an Idempotency-Key that may be forgotten since its sender began is not carried out", async () => {
      const { headers: seen } = await send(api(), "GET", "/livez");
      const since = String(seen["keyhold-position"]);
      expect(since).toMatch(/^store-test\.[0-9]+$/);
      const elsewhere = { "idempotency-key": "of-another-store", "keyhold-request-since": "store-gone.7" };
      const refused = await putJson(api(), "/v1/config/write/forgotten", "1", elsewhere);
      expect(refused).toMatchObject({ status: 504, body: { code: "outcome_unknown", forgotten: true } });
      expect((await send(api(), "GET", "/v1/config/write/forgotten")).status).toBe(404);
      const headers = { "idempotency-key": "of-this-store", "keyhold-request-since": since };
      const first = await putJson(api(), "/v1/config/write/forgotten", "1", headers);
      expect(first.status).toBe(201);
      expect((await putJson(api(), "/v1/config/write/forgotten", "1", headers)).body).toEqual(first.body);
      for (const malformed of ["7", ".7", "s.", "s.-1", "s.1e3", "s t.1", "s.1234567890123456"]) {
        const answer = await putJson(api(), "/v1/config/write/forgotten", "1", { "keyhold-request-since": malformed });
        expect(answer.status, malformed).toBe(400);
      }
    });

    test("keeps a comment, percent-encoded or as UTF-8", async () => {
      await putJson(api(), "/v1/config/write/comment", "1", { "keyhold-comment": "50%25 mehr f%C3%BCr alle" });
      expect((await send(api(), "GET", "/v1/config/write/comment")).body["comment"]).toBe("50% mehr für alle");
      const utf8 = Buffer.from("für alle").toString("latin1");
      // Of a text body node would write the head as UTF-8, and so encode it twice.
      await sendRaw(api(), "PUT", "/v1/config/write/comment", {
        headers: { ...json, "keyhold-comment": utf8 },
        body: Buffer.from("1"),
      });
      expect((await send(api(), "GET", "/v1/config/write/comment")).body["comment"]).toBe("für alle");
      expect((await putJson(api(), "/v1/config/write/comment", "1", { "keyhold-comment": "100%" })).status).toBe(400);
      expect((await putJson(api(), "/v1/config/write/comment", "1", { "keyhold-comment": "x".repeat(1025) })).status).toBe(400);
    });

    test("can be attached to a lease, and is deleted with it", async () => {
      const lease = await send(api(), "POST", "/v1/leases", { body: { ttlMs: 60_000 } });
      const id = String(lease.body["leaseId"]);
      expect((await putJson(api(), `/v1/config/write/leased?lease=${id}`, "1")).status).toBe(201);
      expect((await send(api(), "GET", "/v1/config/write/leased")).body["leaseId"]).toBe(id);
      await send(api(), "DELETE", `/v1/leases/${id}`);
      expect((await send(api(), "GET", "/v1/config/write/leased")).status).toBe(404);
      const gone = await putJson(api(), `/v1/config/write/leased?lease=${id}`, "1");
      expect(gone.status).toBe(404);
      expect(gone.body).toMatchObject({ code: "lease_not_found", leaseId: id });
    });

    test("of what is not what it says is refused", async () => {
      const cases = [
        { type: "application/json", body: "{", status: 400 },
        { type: "application/json", body: "", status: 400 },
        { type: "application/json", body: "\ufeff{}", status: 400 },
        { type: "application/json", body: Buffer.from([0x22, 0xff, 0x22]), status: 400 },
        { type: "application/vnd.x+json", body: "nope", status: 400 },
        { type: "text/plain", body: Buffer.from([0xff]), status: 400 },
        { type: "application/x-www-form-urlencoded", body: "a=1", status: 415 },
        { type: "multipart/form-data; boundary=x", body: "--x", status: 415 },
        { type: "nonsense", body: "x", status: 415 },
      ];
      for (const { type, body, status } of cases) {
        const answer = await sendRaw(api(), "PUT", "/v1/config/write/liar", { headers: { "content-type": type }, body });
        expect(answer.status, `${type} ${String(body)}`).toBe(status);
      }
      const zipped = { "content-type": "application/json", "content-encoding": "gzip" };
      expect((await sendRaw(api(), "PUT", "/v1/config/write/liar", { headers: zipped, body: "{}" })).status).toBe(415);
      expect((await send(api(), "GET", "/v1/config/write/liar")).status).toBe(404);
    });
  });

  describe("a read", () => {
    test("of a key that is not there is 404", async () => {
      const answer = await send(api(), "GET", "/v1/config/read/none");
      expect(answer.status).toBe(404);
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      expect(answer.body).toMatchObject({ type: "urn:keyhold:problem:key_not_found", code: "key_not_found", status: 404 });
    });

    test("with the ETag it has already is 304", async () => {
      const created = await putJson(api(), "/v1/config/read/tag", "1");
      const tag = created.headers["etag"] ?? "";
      const same = await send(api(), "GET", "/v1/config/read/tag", { headers: { "if-none-match": tag } });
      expect(same.status).toBe(304);
      expect(same.headers["etag"]).toBe(tag);
      expect(same.headers["content-length"]).toBeUndefined();
      expect((await send(api(), "GET", "/v1/config/read/tag", { headers: { "if-none-match": '"999"' } })).status).toBe(200);
    });

    test("can go back to an old revision, and not ahead", async () => {
      const first = await putJson(api(), "/v1/config/read/old", "1");
      await putJson(api(), "/v1/config/read/old", "2");
      const old = await send(api(), "GET", `/v1/config/read/old?revision=${String(first.body["modRevision"])}`);
      expect(old.body["value"]).toBe(1);
      const ahead = await send(api(), "GET", "/v1/config/read/old?revision=9007199254740991");
      expect(ahead.status).toBe(400);
      expect(ahead.body["code"]).toBe("future_revision");
      expect(ahead.body["revision"]).toBe(Number(ahead.headers["keyhold-revision"]));
    });

    test("says how it was done", async () => {
      await putJson(api(), "/v1/config/read/how", "1");
      expect((await send(api(), "GET", "/v1/config/read/how")).headers["keyhold-consistency"]).toBe("linearizable");
      const stale = await send(api(), "GET", "/v1/config/read/how?consistency=stale&minRevision=1");
      expect(stale.headers["keyhold-consistency"]).toBe("stale");
      // The only node is the leader: nothing can be ahead of it.
      expect(stale.headers["keyhold-staleness-ms"]).toBe("0");
    });

    test("by HEAD has the headers of GET and no body", async () => {
      const created = await putJson(api(), "/v1/config/read/head", "12345");
      const head = await send(api(), "HEAD", "/v1/config/read/head?raw=true");
      expect(head.status).toBe(200);
      expect(head.headers["etag"]).toBe(created.headers["etag"]);
      expect(head.headers["content-length"]).toBe("5");
    });
  });

  describe("a delete", () => {
    test("removes the key, once", async () => {
      await putJson(api(), "/v1/config/delete/a", "1");
      const deleted = await send(api(), "DELETE", "/v1/config/delete/a");
      expect(deleted.status).toBe(200);
      expect(deleted.body["key"]).toBe("delete/a");
      expect((await send(api(), "GET", "/v1/config/delete/a")).status).toBe(404);
      expect((await send(api(), "DELETE", "/v1/config/delete/a")).status).toBe(404);
    });

    test("with If-Match happens only at that revision", async () => {
      const created = await putJson(api(), "/v1/config/delete/cas", "1");
      await putJson(api(), "/v1/config/delete/cas", "2");
      const headers = { "if-match": created.headers["etag"] ?? "" };
      expect((await send(api(), "DELETE", "/v1/config/delete/cas", { headers })).status).toBe(412);
      expect((await send(api(), "DELETE", "/v1/config/delete/none", { headers: { "if-match": "*" } })).status).toBe(412);
    });
  });

  describe("a list", () => {
    test("is paged at the revision of its first page", async () => {
      for (const key of ["a", "b", "c"]) await putJson(api(), `/v1/config/list/${key}`, "1");
      const first = await send(api(), "GET", "/v1/config?prefix=list/&limit=2");
      expect(keysOf(first.body)).toEqual(["list/a", "list/b"]);
      await putJson(api(), "/v1/config/list/d", "1");
      const cursor = encodeURIComponent(String(first.body["cursor"]));
      const second = await send(api(), "GET", `/v1/config?prefix=list/&limit=2&cursor=${cursor}`);
      expect(keysOf(second.body)).toEqual(["list/c"]);
      expect(second.body["cursor"]).toBeNull();
      expect(second.body["revision"]).toBe(first.body["revision"]);
    });

    test("of keys only has no values", async () => {
      await putJson(api(), "/v1/config/bare/a", "1");
      const page = await send(api(), "GET", "/v1/config?prefix=bare/&keysOnly=true");
      expect((page.body["items"] as Record<string, unknown>[])[0]).not.toHaveProperty("value");
    });

    test("does not take a cursor that it did not give", async () => {
      const leases = Buffer.from('["leases","l1",null]').toString("base64url");
      const bad = Buffer.from('["config","a",-1]').toString("base64url");
      for (const cursor of ["x", "bnVsbA", leases, bad]) {
        const answer = await send(api(), "GET", `/v1/config?cursor=${cursor}`);
        expect(answer.body["code"], cursor).toBe("invalid_request");
      }
    });
  });
}

const json = { "content-type": "application/json" };

function putJson(api: TestApi, path: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  return sendRaw(api, "PUT", path, { headers: { ...json, ...headers }, body });
}

function keysOf(body: Record<string, unknown>): unknown {
  return (body["items"] as { key: string }[]).map((item) => item.key);
}

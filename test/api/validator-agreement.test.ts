/**
 * This file asks a validator that we did not write, express-openapi-validator, about the same requests. Where the
 * document is the judge, the two must agree; where our answer needs more than the document says, the case is not here.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { middleware } from "express-openapi-validator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { normaliseKeyPath } from "../../api/contract/key-path.ts";
import { document } from "../../openapi/generated/document.ts";
import { type Method, sendRaw, startApi, type TestApi } from "./harness.ts";

let api: TestApi;
let other: Server;

beforeAll(async () => {
  api = await startApi();
  const app = express();
  app.use((request, _response, next) => {
    // It matches on `originalUrl`, and knows one segment per parameter.
    const url = normaliseKeyPath(request.method, request.url);
    if (url.ok) {
      request.url = url.value;
      request.originalUrl = url.value;
    }
    next();
  });
  app.use(express.json());
  app.use(middleware({ apiSpec: document as never, validateResponses: false }));
  app.use((_request, response) => void response.status(200).end());
  const refuse: ErrorRequestHandler = (error: { status?: number }, _request, response, _next) =>
    void response.status(error.status ?? 500).end();
  app.use(refuse);
  other = createServer(app);
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  other.close();
  await api.stop();
});

const cases: readonly (readonly [method: Method, path: string, verdict: "taken" | "refused", body?: string])[] = [
  ["GET", "/v1/config/a/b", "taken"],
  ["GET", "/v1/config/a?raw=true&consistency=stale&revision=0", "taken"],
  ["GET", "/v1/config/a?raw=maybe", "refused"],
  ["GET", "/v1/config/a?revision=-1", "refused"],
  ["GET", "/v1/config/a?consistency=strong", "refused"],
  ["GET", "/v1/config/a?colour=red", "refused"],
  ["GET", "/v1/config?prefix=a&limit=10&keysOnly=true", "taken"],
  ["GET", "/v1/config?limit=0", "refused"],
  ["GET", "/v1/config?limit=1001", "refused"],
  ["GET", "/v1/leases?limit=ten", "refused"],
  ["GET", "/v1/leases/l44", "taken"],
  ["GET", "/v1/leases/44", "refused"],
  ["POST", "/v1/leases", "taken", '{"ttlMs":1000}'],
  ["POST", "/v1/cluster/members", "taken", '{"id":"n4","peerUrl":"http://n4:7101","apiUrl":"http://n4:7001"}'],
  ["POST", "/v1/cluster/members", "refused", '{"id":"N4","peerUrl":"http://n4:7101","apiUrl":"http://n4:7001"}'],
  ["POST", "/v1/cluster/members", "refused", '{"id":"n4","peerUrl":"n4:7101","apiUrl":"http://n4:7001"}'],
  ["POST", "/v1/cluster/members", "refused", '{"id":"n4","peerUrl":"http://n4:7101"}'],
  ["POST", "/v1/cluster/members/n4/promote", "taken"],
  ["POST", "/v1/cluster/members/n1/replace", "taken", '{"by":"n4"}'],
  ["POST", "/v1/cluster/members/n1/replace", "refused", "{}"],
  ["DELETE", "/v1/cluster/members/n4", "taken"],
  ["DELETE", "/v1/cluster/members/N4", "refused"],
  ["POST", "/v1/cluster/transfer", "taken", "{}"],
  ["POST", "/v1/cluster/transfer", "refused", '{"to":7}'],
  ["POST", "/v1/leases", "taken", '{"ttlMs":500,"owner":"w"}'],
  ["POST", "/v1/leases", "refused", '{"ttlMs":499}'],
  ["POST", "/v1/leases", "refused", '{"ttlMs":1000,"owner":""}'],
  ["POST", "/v1/leases", "refused", '{"ttlMs":1000,"colour":"red"}'],
  ["POST", "/v1/leases", "refused", "{}"],
  ["POST", "/v1/leases/l44/keepalive", "taken"],
  ["POST", "/v1/locks/a/b/acquire", "taken", '{"ttlMs":1000}'],
  ["POST", "/v1/locks/a/b/acquire?holdMs=0", "taken", '{"leaseId":"l44"}'],
  ["POST", "/v1/locks/a/b/acquire", "refused", '{"ttlMs":1000,"leaseId":"l44"}'],
  ["POST", "/v1/locks/a/b/acquire", "refused", '{"ttlMs":1000,"waitMs":-1}'],
  ["POST", "/v1/locks/a/b/acquire?holdMs=60001", "refused", '{"ttlMs":1000}'],
  ["POST", "/v1/locks/a/b/release", "taken", '{"leaseId":"l44","fence":44}'],
  ["POST", "/v1/locks/a/b/release", "refused", '{"leaseId":"l44","fence":0}'],
  ["POST", "/v1/locks/a/b/verify", "taken", '{"fence":44}'],
  ["POST", "/v1/locks/a/b/verify", "refused", '{"fence":"44"}'],
  ["DELETE", "/v1/locks/a/b/queue/46", "taken"],
  ["DELETE", "/v1/locks/a/b/queue/x", "refused"],
  ["DELETE", "/v1/locks/a/b/holder", "taken"],
  ["GET", "/v1/cluster?colour=red", "refused"],
];

for (const [method, path, verdict, body] of cases) {
  test(`${method} ${path} ${body ?? ""} is ${verdict} by both`, async () => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const ours = await sendRaw(api, method, path, body === undefined ? {} : { headers, body });
    const { port } = other.address() as AddressInfo;
    const theirs = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body ?? null });
    expect(ours.body["code"] === "invalid_request" ? "refused" : "taken").toBe(verdict);
    expect(theirs.status).toBe(verdict === "taken" ? 200 : 400);
  });
}

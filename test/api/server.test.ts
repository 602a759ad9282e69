/**
 * This file tests the server below its routes: its classes, the headers of every answer, its end.
 */

import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import express from "express";
import { expect, test } from "vitest";
import { createContract } from "../../api/contract/contract.ts";
import { createNativeClasses } from "../../api/native-classes.ts";
import { realApiPorts } from "../../src/composition/api-ports.ts";
import { realTime } from "../../src/node/real-time.ts";
import { type Answer, send, sendRaw, startApi, type TestApi, until } from "./harness.ts";
import { testLimits } from "./limits.ts";

test("Express finds the prototypes that it would set", async () => {
  const api = await startApi();
  try {
    let unchanged = 0;
    api.api.server.prependListener("request", (request, response) => {
      const before = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)];
      response.once("finish", () => {
        const after = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)];
        if (before[0] === after[0] && before[1] === after[1]) unchanged += 1;
      });
    });
    await send(api, "GET", "/livez");
    await send(api, "PUT", "/v1/config/a", { body: {} });
    await send(api, "GET", "/nowhere");
    expect(unchanged).toBe(3);
  } finally {
    await api.stop();
  }
});

test("the classes carry what Express gives requests and responses", () => {
  const app = express();
  const { IncomingMessage, ServerResponse } = createNativeClasses(app, realTime.clock);
  expect(IncomingMessage.prototype).toBe(app.request);
  expect(ServerResponse.prototype).toBe(app.response);
  expect(app.request.app).toBe(app);
  expect(typeof app.response.json).toBe("function");
});

test("every answer says who gave it, where that node stands, and nothing about what it is made of", async () => {
  const api = await startApi();
  try {
    const answers: Answer[] = [];
    for (const path of ["/livez", "/v1/config/none", "/nowhere", "/v1/config/%00", "/metrics", "/openapi.json"]) {
      answers.push(await sendRaw(api, "GET", path));
    }
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        "keyhold-served-by": "n1",
        "keyhold-term": expect.stringMatching(/^[1-9][0-9]*$/),
        "keyhold-revision": "0",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none';frame-ancestors 'none';sandbox",
      });
      expect(headers["keyhold-request-id"]).not.toBe("");
      for (const name of ["x-powered-by", "server", "strict-transport-security", "etag"]) expect(headers[name]).toBeUndefined();
      expect(headers["content-type"]).not.toContain("html");
    }
  } finally {
    await api.stop();
  }
});

test("a node that closes answers what is under way, and nothing new", async () => {
  const api = await startApi();
  await send(api, "POST", "/v1/locks/l/acquire", { body: { ttlMs: 60_000 } });
  const path = "/v1/locks/l/acquire?holdMs=200";
  const waiting = send(api, "POST", path, { body: { ttlMs: 60_000, waitMs: 60_000 } });
  await untilQueued(api);
  const stopped = api.stop();
  const answer = await waiting;
  expect(answer.status).toBe(202);
  expect(answer.headers["connection"]).toBe("close");
  await stopped;
  await expect(sendRaw(api, "GET", "/livez")).rejects.toThrow("ECONNREFUSED");
});

test("a node that closes does not wait for connections that only idle", async () => {
  const api = await startApi();
  const agent = new Agent({ keepAlive: true });
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port: api.api.port, path: "/livez", agent }, (response) => {
      response.resume().on("end", resolve);
    });
    request.on("error", reject).end();
  });
  await api.api.close(60_000);
  agent.destroy();
  await api.stop();
});

test("a node that closes cuts what outlasts its deadline", async () => {
  const api = await startApi();
  await send(api, "POST", "/v1/locks/l/acquire", { body: { ttlMs: 60_000 } });
  const waiting = send(api, "POST", "/v1/locks/l/acquire", { body: { ttlMs: 60_000, waitMs: 60_000 } });
  const cut = expect(waiting).rejects.toThrow();
  await untilQueued(api);
  await api.api.close(10);
  await cut;
  await api.stop();
});

test("a head that does not arrive in time ends its connection", async () => {
  const api = await startApi({ limits: { headersTimeoutMs: 50 } });
  try {
    const socket = connect(api.api.port, "127.0.0.1", () => socket.write("GET /livez HTTP/1.1\r\nHost:"));
    const text = await new Promise<string>((resolve) => {
      let received = "";
      socket.on("data", (chunk) => {
        received += String(chunk);
      });
      socket.on("close", () => resolve(received));
    });
    expect(text).toContain("The request did not arrive in time.");
  } finally {
    await api.stop();
  }
});

test("a port that is taken is an error that says so", async () => {
  const api = await startApi();
  try {
    const { createApiServer } = await import("../../api/server.ts");
    const { document } = await import("../../openapi/generated/document.ts");
    const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const listen = { host: "127.0.0.1", port: api.api.port };
    await expect(
      createApiServer({
        service: api.service,
        ports: realApiPorts,
        document,
        contract: createContract(document),
        logger,
        limits: testLimits,
        listen,
      }),
    ).rejects.toThrow("EADDRINUSE");
  } finally {
    await api.stop();
  }
});

async function untilQueued(api: TestApi): Promise<void> {
  let queued = false;
  const look = async (): Promise<void> => {
    while (!queued) queued = Number((await send(api, "GET", "/v1/locks/l")).body["queueLength"]) > 0;
  };
  await Promise.all([look(), until(() => queued)]);
}

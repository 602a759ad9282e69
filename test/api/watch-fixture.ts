/**
 * This file is the set-up of the tests of the watch gateway: one API for a whole test file, and clients that are closed after each test.
 */
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { sendRaw, startApi, type TestApi } from "./harness.ts";
import { WatchClient } from "./watch-client.ts";

/** The API of a test file, and what its tests do with it. */
export type WatchFixture = {
  /** Running while tests run. */
  readonly api: TestApi;
  /** A client that is connected and was greeted; of the file's own API unless another one is given. */
  client(of?: TestApi): Promise<WatchClient>;
  /** Closes `client` after the test, which fails if a message to it was not as documented. */
  keep(client: WatchClient): WatchClient;
  /** Writes a key, and settles with the revision of the write. */
  put(key: string, value: string, of?: TestApi): Promise<number>;
};

/** Starts an API before the tests of the calling file, and stops it after them. To be called once, outside of any test. */
export function useWatchApi(): WatchFixture {
  let started: TestApi | undefined;
  const clients: WatchClient[] = [];
  beforeAll(async () => {
    started = await startApi();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) {
      expect(client.faults).toEqual([]);
      client.close();
    }
  });
  afterAll(async () => {
    await started?.stop();
  });
  const fixture: WatchFixture = {
    get api() {
      if (started === undefined) throw new Error("the API of this file runs only while its tests run");
      return started;
    },
    client: async (of = fixture.api) => fixture.keep(await WatchClient.connect(of)),
    keep(client) {
      clients.push(client);
      return client;
    },
    async put(key, value, of = fixture.api) {
      const headers = { "content-type": "application/json" };
      const answer = await sendRaw(of, "PUT", `/v1/config/${key}`, { headers, body: value });
      return Number(answer.body["modRevision"]);
    },
  };
  return fixture;
}

/** The targets of a watch on all keys under `prefix`. */
export const configUnder = (prefix: string) => [{ kind: "config", prefix }];

/** Repeats `attempt` until its answer is `ok`. */
export async function untilOk(attempt: () => Promise<Record<string, unknown>>): Promise<void> {
  while ((await attempt())["ok"] !== true);
}

/** The headers that make a request a websocket handshake, without their end. */
export const websocketHeaders = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/** The beginning of a websocket handshake with `of`, up to the headers that differ from test to test. */
export function handshakeWith(of: TestApi): string {
  const host = `127.0.0.1:${of.api.port}`;
  return `GET /v1/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
}

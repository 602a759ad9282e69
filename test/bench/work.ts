/**
 * This file lists the works that the load generator knows. Each is one operation of one client, which throws on any answer that
 * is not a success.
 */
import { unreachable } from "../../src/base/assert.ts";
import type { Answer, Call, HttpClient } from "./http-client.ts";

/** The names of all works, as on the command line. */
export const workNames = ["put", "cas", "get", "stale-get", "lock", "contended-lock"] as const;
/** The name of one work. */
export type WorkName = (typeof workNames)[number];

/** One operation; `client` is the number of the caller. */
export type Work = (http: HttpClient, client: number) => Promise<void>;

/** Keys that puts and gets go to; enough that they are not one hot key, few enough that a warm-up writes them all. */
const keys = 1000;

/** The operation named `name`, on values of `bytes`. */
export function createWork(name: WorkName, bytes: number): Work {
  const value = JSON.stringify("x".repeat(Math.max(0, bytes - 2)));
  let turn = 0;
  const nextKey = () => {
    turn = (turn + 1) % keys;
    return `/v1/config/bench/${turn}`;
  };
  switch (name) {
    case "put":
      return async (http) => void (await expectOk(http, { method: "PUT", path: nextKey(), body: value }));
    case "cas":
      return createCas(value);
    case "get":
      return async (http) => void (await expectFound(http, { method: "GET", path: nextKey() }));
    case "stale-get":
      return async (http) => void (await expectFound(http, { method: "GET", path: `${nextKey()}?consistency=stale` }));
    case "lock":
      return (http, client) => lockCycle(http, `bench/own/${client}`, client);
    case "contended-lock":
      return (http, client) => lockCycle(http, "bench/shared", client);
    default:
      return unreachable(name);
  }
}

/** How many requests one operation is; a lock cycle is an acquire and a release. */
export function requestsPer(name: WorkName): number {
  return name === "lock" || name === "contended-lock" ? 2 : 1;
}

/** Each client writes its own key under the condition that nobody else did: always an If-Match, never a conflict. */
function createCas(value: string): Work {
  const revisions = new Map<number, number>();
  return async (http, client) => {
    const path = `/v1/config/bench/own/${client}`;
    const known = revisions.get(client);
    if (known === undefined) {
      revisions.set(client, revisionOf(await expectOk(http, { method: "PUT", path, body: value })));
      return;
    }
    const answer = await http.send({ method: "PUT", path, body: value, headers: { "if-match": `"${known}"` } });
    if (answer.status !== 200) throw new Error(`compare-and-set answered ${answer.status} ${answer.body.slice(0, 200)}`);
    revisions.set(client, revisionOf(answer));
  };
}

async function lockCycle(http: HttpClient, name: string, client: number): Promise<void> {
  const body = JSON.stringify({ ttlMs: 30_000, waitMs: 30_000, owner: `client-${client}` });
  const granted = await expectOk(http, { method: "POST", path: `/v1/locks/${name}/acquire`, body });
  const { leaseId, fence } = JSON.parse(granted.body) as { readonly leaseId: string; readonly fence: number };
  await expectOk(http, { method: "POST", path: `/v1/locks/${name}/release`, body: JSON.stringify({ leaseId, fence }) });
}

function revisionOf(answer: Answer): number {
  return (JSON.parse(answer.body) as { readonly modRevision: number }).modRevision;
}

async function expectOk(http: HttpClient, call: Call): Promise<Answer> {
  const answer = await http.send(call);
  if (answer.status !== 200 && answer.status !== 201) {
    throw new Error(`${call.method} ${call.path} answered ${answer.status} ${answer.body.slice(0, 200)}`);
  }
  return answer;
}

/** A key that was not written yet counts as read: the work of the node is the same. */
async function expectFound(http: HttpClient, call: Call): Promise<Answer> {
  const answer = await http.send(call);
  if (answer.status !== 200 && answer.status !== 404) {
    throw new Error(`${call.method} ${call.path} answered ${answer.status} ${answer.body.slice(0, 200)}`);
  }
  return answer;
}

/**
 * This file brings a request that only a leader can answer to the leader: one hop over HTTP, to the address that the
 * membership has for it. The hop is marked, so that two nodes that disagree about the leader do not send it to and fro.
 */
import type { IncomingMessage } from "node:http";
import { err, ok } from "../src/base/result.ts";
import type { NodeStatus } from "../src/node/service.ts";
import type { ApiContext } from "./context.ts";
import { forwardLoop, noLeaderProblem, outcomeUnknownProblem } from "./problem.ts";
import type { Answer } from "./routing.ts";

/** Names the node that forwarded the request. */
const forwardedBy = "keyhold-forwarded-by";
/** Shares of the request timeout: the leader answers before its caller gives up, and that one before its client does. */
const leaderShare = 0.8;
const hopShare = 0.9;

/** The request to be forwarded: its path was checked, its JSON body, if it has one, too. */
export type Forwardable = { readonly request: IncomingMessage; readonly bytes: Buffer };

/**
 * Calls `atLeader` when this node leads, with the time that it may take; otherwise asks the leader, and answers what it
 * answered. Without a leader, or when it cannot be reached, nothing was changed.
 */
export async function answerAtLeader(
  exchange: Forwardable,
  context: ApiContext,
  atLeader: (status: NodeStatus, timeoutMs: number) => Promise<Answer> | Answer,
): Promise<Answer> {
  const status = context.service.status();
  const { requestTimeoutMs } = context.limits;
  const sender = exchange.request.headers[forwardedBy];
  if (status.role === "leader") return atLeader(status, sender === undefined ? requestTimeoutMs : leaderShare * requestTimeoutMs);
  if (sender !== undefined) return err(forwardLoop({ nodeId: status.nodeId, sender: String(sender), leaderId: status.leaderId }));
  const leader = status.members.find((member) => member.id === status.leaderId);
  if (leader === undefined || leader.address.apiUrl === "")
    return err(noLeaderProblem("The cluster has no leader that this node can reach."));
  const hop = { nodeId: status.nodeId, url: leader.address.apiUrl, timeoutMs: hopShare * requestTimeoutMs };
  return forward(exchange, { ...hop, leaderId: leader.id });
}

type Hop = { readonly nodeId: string; readonly leaderId: string; readonly url: string; readonly timeoutMs: number };

async function forward({ request, bytes }: Forwardable, hop: Hop): Promise<Answer> {
  let response: Response;
  let body: string;
  try {
    response = await fetch(hop.url + (request.url ?? ""), {
      method: request.method ?? "",
      headers: {
        [forwardedBy]: hop.nodeId,
        ...(bytes.length === 0 ? {} : { "content-type": "application/json" }),
        ...(typeof request.headers["keyhold-request-id"] === "string"
          ? { "keyhold-request-id": request.headers["keyhold-request-id"] }
          : {}),
      },
      ...(bytes.length === 0 ? {} : { body: new Uint8Array(bytes) }),
      redirect: "error",
      signal: AbortSignal.timeout(hop.timeoutMs),
    });
    body = await response.text();
  } catch (error) {
    if (neverLeft(error)) return err(noLeaderProblem(`The leader ${hop.leaderId} does not answer at ${hop.url}.`));
    return err(
      outcomeUnknownProblem(`The leader ${hop.leaderId} did not answer in time. Look at GET /v1/cluster before you repeat it.`),
    );
  }
  const headers = ["content-type", "retry-after"].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [name === "retry-after" ? "Retry-After" : "Content-Type", value];
  });
  return ok({ status: response.status, headers, body });
}

/** Whether the connection failed before a byte of the request was sent. */
function neverLeft(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  // fetch connects to no port that other protocols are known by (6000, for one).
  if (cause instanceof Error && cause.message === "bad port") return true;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"].includes(code);
}

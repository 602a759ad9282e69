/**
 * This file forwards a request that only a leader can answer to the leader (DECISIONS 15): one hop over HTTP, to the address that the
 * membership has for it. The hop is marked, so that two nodes that disagree about the leader do not send it back and forth.
 */
import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { NodeId } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { forwardLoop, noLeaderProblem, outcomeUnknownProblem } from "../contract/problem.ts";
import type { CallNode } from "../ports.ts";
import { answerAfterMs, timeLimitOf, timeoutHeader } from "../time-limit.ts";
import type { Answer } from "./routing.ts";

/** The header with the id of the node that forwarded the request. */
const forwardedBy = "keyhold-forwarded-by";

/** The request to be forwarded. Its path and JSON body were checked; `body` is undefined when it has none. */
export type Forwardable = { readonly request: IncomingMessage; readonly body: unknown };

/** The service of this node did nothing, because it does not lead; `leaderId` is the leader it knows. */
export type NotLeader = { readonly leaderId: NodeId | null };

/**
 * Asks the service of this node, with the time that it may take; where that does not lead, asks the leader, and answers what it
 * answered. Without a leader, or when it cannot be reached, nothing was changed.
 */
export async function answerAtLeader(
  exchange: Forwardable,
  context: ApiContext,
  askHere: (timeoutMs: number) => Promise<Result<Answer, NotLeader>>,
): Promise<Answer> {
  const limitMs = timeLimitOf(exchange.request, context.limits);
  const sender = exchange.request.headers[forwardedBy];
  const asked = await askHere(limitMs);
  if (asked.ok) return asked.value;
  const { leaderId } = asked.error;
  const { nodeId, members } = context.service.status();
  if (sender !== undefined) return err(forwardLoop({ nodeId, sender: String(sender), leaderId }));
  const leader = members.find((member) => member.id === leaderId);
  if (leader === undefined || leader.address.apiUrl === "")
    return err(noLeaderProblem("The cluster has no leader that this node can reach. Nothing was changed."));
  const hop = { nodeId, url: leader.address.apiUrl, timeoutMs: answerAfterMs(limitMs, limitMs) };
  return forward(exchange, { ...hop, leaderId: leader.id }, context.ports.callNode);
}

type Hop = { readonly nodeId: string; readonly leaderId: string; readonly url: string; readonly timeoutMs: number };

async function forward({ request, body }: Forwardable, hop: Hop, callNode: CallNode): Promise<Answer> {
  const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
  const requestId = request.headers["keyhold-request-id"];
  const headers = {
    [forwardedBy]: hop.nodeId,
    // The leader answers before this node gives up, and this node before its client does.
    [timeoutHeader]: String(hop.timeoutMs),
    "content-length": String(bytes.length),
    ...(bytes.length === 0 ? {} : { "content-type": "application/json" }),
    ...(typeof requestId === "string" ? { "keyhold-request-id": requestId } : {}),
  };
  const { url, timeoutMs } = hop;
  const asked = await callNode({ url, timeoutMs, method: request.method ?? "", path: request.url ?? "", headers, bytes });
  if (asked.ok) return ok(asked.value);
  if (!asked.error.left) return err(noLeaderProblem(`The leader ${hop.leaderId} does not answer at ${hop.url}.`));
  return err(
    outcomeUnknownProblem(`The leader ${hop.leaderId} did not answer in time. Look at GET /v1/cluster before you repeat it.`),
  );
}

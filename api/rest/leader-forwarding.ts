/**
 * This file brings a request that only a leader can answer to the leader: one hop over HTTP, to the address that the
 * membership has for it. The hop is marked, so that two nodes that disagree about the leader do not send it to and fro.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { err, ok, type Result } from "../../src/base/result.ts";
import { answerHeadBytesMax, guardAnswer } from "../../src/intake/answer-guard.ts";
import type { NodeStatus } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { forwardLoop, noLeaderProblem, outcomeUnknownProblem } from "../contract/problem.ts";
import type { Answer } from "./routing.ts";

/** Names the node that forwarded the request. */
const forwardedBy = "keyhold-forwarded-by";
/** Shares of the request timeout: the leader answers before its caller gives up, and that one before its client does. */
const leaderShare = 0.8;
const hopShare = 0.9;
/** What is forwarded is answered with the members, of which there are few. */
const answerBytesMax = 256 * 1024;

/** The request to be forwarded: its path was checked, its JSON body too; undefined when it has none. */
export type Forwardable = { readonly request: IncomingMessage; readonly body: unknown };

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

async function forward({ request, body }: Forwardable, hop: Hop): Promise<Answer> {
  const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
  const requestId = request.headers["keyhold-request-id"];
  const headers = {
    [forwardedBy]: hop.nodeId,
    "content-length": String(bytes.length),
    ...(bytes.length === 0 ? {} : { "content-type": "application/json" }),
    ...(typeof requestId === "string" ? { "keyhold-request-id": requestId } : {}),
  };
  const asked = await ask(hop, { method: request.method ?? "", path: request.url ?? "", headers, bytes });
  if (asked.ok) return ok(asked.value);
  if (!asked.error.left) return err(noLeaderProblem(`The leader ${hop.leaderId} does not answer at ${hop.url}.`));
  return err(
    outcomeUnknownProblem(`The leader ${hop.leaderId} did not answer in time. Look at GET /v1/cluster before you repeat it.`),
  );
}

type Call = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
};
/** `left` is false when not a byte of the request was sent. */
type Unanswered = { readonly left: boolean };
type Answered = { readonly status: number; readonly headers: readonly string[]; readonly body: string };

/** Sends `call` and reads the answer. Settles within `timeoutMs`; follows no redirect, and believes no answer that is too long. */
function ask({ url, timeoutMs }: Hop, { method, path, headers, bytes }: Call): Promise<Result<Answered, Unanswered>> {
  const target = url + path;
  if (!URL.canParse(target)) return Promise.resolve(err({ left: false }));
  return new Promise((resolve) => {
    const isTls = target.startsWith("https:");
    const call = (isTls ? httpsRequest : httpRequest)(target, { method, headers, agent: false });
    guardAnswer(call, answerHeadBytesMax + answerBytesMax);
    let left = false;
    const unanswered = (): void => {
      clearTimeout(timer);
      call.destroy();
      resolve(err({ left }));
    };
    const timer = setTimeout(unanswered, timeoutMs);
    call.once("socket", (socket) => {
      socket.once(isTls ? "secureConnect" : "connect", () => {
        left = true;
      });
    });
    call.on("error", unanswered);
    call.once("close", unanswered);
    call.once("response", (response) => {
      const parts: Buffer[] = [];
      response.on("error", unanswered);
      response.on("data", (part: Buffer) => void parts.push(part));
      response.once("end", () => {
        clearTimeout(timer);
        const status = response.statusCode ?? 0;
        // A node redirects nobody.
        if (status < 200 || (status >= 300 && status < 400)) return unanswered();
        resolve(ok({ status, headers: keptHeaders(response.headers), body: Buffer.concat(parts).toString() }));
      });
    });
    call.end(bytes);
  });
}

function keptHeaders(headers: IncomingMessage["headers"]): readonly string[] {
  const contentType = headers["content-type"];
  const retryAfter = headers["retry-after"];
  return [
    ...(contentType === undefined ? [] : ["Content-Type", contentType]),
    ...(retryAfter === undefined ? [] : ["Retry-After", retryAfter]),
  ];
}

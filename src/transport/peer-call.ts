/**
 * This file opens a call to another node: where a secret is in force it asks for a challenge first, on the same connection,
 * and sends the call with the proof that answers it.
 */
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { type AnswerGuard, answerHeadBytesMax, guardAnswer, UnwantedAnswer } from "../intake/answer-guard.ts";
import { challengeIn, isProvenAnswer, type PeerAccess, proveCall } from "./proof.ts";

/** The path that gives out challenges. */
export const challengePath = "/raft/v1/challenge";

/** One call to another node. */
export type PeerCallOptions = {
  readonly access: PeerAccess;
  readonly peerUrl: string;
  /** Keeps the connection from the challenge to the call. */
  readonly agent: Agent;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** From an earlier answer of that node; asked for when absent. */
  readonly challenge?: string | undefined;
  /** Bytes of the answer's body, at most; more ends the connection (DECISIONS 55). */
  readonly answerBytesMax: number;
};

/** How opening a call ended; exactly one of the two is called, unless it was destroyed. */
export type PeerCallEvents = {
  /** The call is open; the receiver writes to it and ends it. Its headers are sent with the first byte, or by `flushHeaders`. */
  readonly onRequest: (request: ClientRequest, nonce: string, guard: AnswerGuard) => void;
  /** There will be no request. Called once, and never after `onRequest`; `unwanted` when what answers there is no node. */
  readonly onFailed: (reason: string, unwanted: boolean) => void;
};

/** A call that is being opened. */
export type PeerCall = { destroy(): void };

/** Opens the call; returns at once. Throws when the address cannot be used. */
export function openCall(options: PeerCallOptions, events: PeerCallEvents): PeerCall {
  const { access, challenge } = options;
  // Without a secret nothing is proven.
  if (access.kind !== "secret") return sendCall(options, "", events);
  return challenge === undefined ? askThenSend(options, events) : sendCall(options, challenge, events);
}

function askThenSend(options: PeerCallOptions, events: PeerCallEvents): PeerCall {
  const { agent, peerUrl } = options;
  const asking = httpRequest(new URL(challengePath, peerUrl), { method: "GET", agent });
  guardAnswer(asking, answerHeadBytesMax);
  let underWay: PeerCall = asking;
  let settled = false;
  const settle = (then: () => void) => {
    if (settled) return;
    settled = true;
    then();
  };
  const fail = (reason: string, unwanted = false) => settle(() => events.onFailed(reason, unwanted));
  asking.setNoDelay(true);
  asking.on("error", (error) => fail(error.message, error instanceof UnwantedAnswer));
  asking.on("close", () => fail("connection closed"));
  asking.on("response", (response) => {
    readText(response, (text) => {
      const given = challengeIn(response.headers);
      if (response.statusCode !== 200 || given === undefined) fail(`refused with ${response.statusCode}: ${text}`);
      else {
        settle(() => {
          try {
            underWay = sendCall(options, given, events);
          } catch (error) {
            // Called by a socket, so an error here would end the process.
            events.onFailed(`cannot be called: ${String(error)}`, false);
          }
        });
      }
    });
  });
  asking.end();
  return { destroy: () => settleAndDestroy() };

  function settleAndDestroy(): void {
    settled = true;
    underWay.destroy();
  }
}

function sendCall(options: PeerCallOptions, challenge: string, { onRequest }: PeerCallEvents): PeerCall {
  const { access, agent, peerUrl, method, path, headers } = options;
  const proven = proveCall(access, { method, path, headers }, challenge);
  const request = httpRequest(new URL(path, peerUrl), { method, agent, headers: proven.headers });
  const guard = guardAnswer(request, answerHeadBytesMax + options.answerBytesMax);
  request.setNoDelay(true);
  onRequest(request, proven.nonce, guard);
  return request;
}

/** Characters of a refusal that are read. */
export const textLengthMax = 2048;

/** Calls `onText` once with the body of an answer, when it is complete or `lengthMax` characters were read. */
export function readText(response: IncomingMessage, onText: (text: string) => void, lengthMax = textLengthMax): void {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    text += part;
    if (text.length > lengthMax) response.destroy();
  });
  response.on("error", () => undefined);
  response.once("end", () => response.removeListener("close", over));
  response.once("end", over);
  response.once("close", over);

  function over(): void {
    onText(text.slice(0, lengthMax));
  }
}

/** Null when the answer is proven, else what to log. A refusal from a node that does not know the secret is logged and not obeyed. */
export function unproven(
  access: PeerAccess,
  response: IncomingMessage,
  { nonce, body }: { readonly nonce: string; readonly body: string },
): string | null {
  const { statusCode = 0, headers } = response;
  if (isProvenAnswer(access, { status: statusCode, headers, body }, nonce)) return null;
  if (statusCode !== 200) return `refused with ${statusCode}: ${body}`;
  return "the answer is not proven: whoever listens there does not know the peer secret";
}

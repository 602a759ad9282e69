/**
 * This file posts chunks of snapshots to peers, on connections of their own that are kept from chunk to chunk: a chunk never
 * delays a message.
 */
import { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import type { NodeId } from "../raft/types.ts";
import { answerBytesMax, type ChunkAnswer, type ChunkHeader, chunkHeaders, parseAnswer, snapshotPath } from "./chunk.ts";
import { callerHeaders, checkAnswerer, type Identity } from "./handshake.ts";
import { openCall, type PeerCall, readText, unproven } from "./peer-call.ts";
import { challengeIn } from "./proof.ts";

/** One chunk to be sent. */
export type ChunkCall = {
  readonly to: NodeId;
  readonly peerUrl: string;
  readonly header: ChunkHeader;
  readonly chunk: Uint8Array;
  /** From the connection to the last byte of the answer. */
  readonly timeoutMs: number;
};

/** Milliseconds; well below the time for which the peer accepts a challenge. */
const challengeKeptMsMax = 10_000;

/** Sends chunks until `close`. */
export class ChunkClient {
  readonly #identity: Identity;
  // One connection for each peer: a transfer sends one chunk at a time.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  /** How to end each call that is under way. */
  readonly #underWay = new Set<(reason: string) => void>();
  /** By peer URL: the challenge in its last answer. */
  readonly #challenges = new Map<string, { readonly challenge: string; readonly untilMs: number }>();
  #closed = false;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Resolves with the peer's answer; rejects when no proven answer came in time, or at `close`. */
  send(call: ChunkCall): Promise<ChunkAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("the transport is closed");
      const { to, header, timeoutMs } = call;
      let underWay: PeerCall | undefined;
      const end = () => {
        clearTimeout(timer);
        this.#underWay.delete(fail);
      };
      const fail = (reason: string) => {
        end();
        reject(new Error(`chunk ${header.sequence} was not delivered to ${to}: ${reason}`));
        underWay?.destroy();
      };
      this.#underWay.add(fail);
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      underWay = this.#open(call, {
        onFailed: fail,
        onRequest: (request, nonce) => {
          underWay = request;
          request.on("error", (error) => fail(error.message));
          // Settled by then, unless the connection ended in the middle of the answer.
          request.on("close", () => fail("connection closed"));
          request.on("response", (response) => {
            const onBody = (body: string) => {
              const answer = this.#believed(response, to, { nonce, body });
              if (typeof answer === "string") return fail(answer);
              this.#keepChallenge(call.peerUrl, response);
              end();
              return resolve(answer);
            };
            readText(response, onBody, answerBytesMax);
          });
          request.end(call.chunk);
        },
      });
    });
  }

  /** Ends all connections; what is under way rejects. */
  close(): void {
    this.#closed = true;
    for (const fail of this.#underWay) fail("the transport is closed");
    this.#agent.destroy();
  }

  #open(
    { to, peerUrl, header, chunk }: ChunkCall,
    events: { readonly onFailed: (reason: string) => void; readonly onRequest: (request: ClientRequest, nonce: string) => void },
  ): PeerCall {
    const { access } = this.#identity;
    const headers = { ...callerHeaders(this.#identity, to), ...chunkHeaders(header, chunk) };
    const kept = this.#challenges.get(peerUrl);
    this.#challenges.delete(peerUrl);
    const challenge = kept !== undefined && performance.now() < kept.untilMs ? kept.challenge : undefined;
    return openCall(
      { access, peerUrl, agent: this.#agent, method: "POST", path: snapshotPath, headers, challenge, answerBytesMax },
      events,
    );
  }

  /** Each answer brings the challenge for the next chunk, which saves a round trip. */
  #keepChallenge(peerUrl: string, { headers }: IncomingMessage): void {
    const challenge = challengeIn(headers);
    if (challenge !== undefined) this.#challenges.set(peerUrl, { challenge, untilMs: performance.now() + challengeKeptMsMax });
  }

  /** The answer, or what is wrong with it. */
  #believed(
    response: IncomingMessage,
    to: NodeId,
    { nonce, body }: { readonly nonce: string; readonly body: string },
  ): ChunkAnswer | string {
    if (response.statusCode !== 200) return `refused with ${response.statusCode}: ${body}`;
    if (body.length >= answerBytesMax) return "the answer is too long";
    const fault = unproven(this.#identity.access, response, { nonce, body });
    if (fault !== null) return fault;
    const answerer = checkAnswerer(response.headers, { clusterId: this.#identity.clusterId, to });
    return answerer.ok ? (parseAnswer(body) ?? "the answer makes no sense") : answerer.error;
  }
}

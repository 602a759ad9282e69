/**
 * This file posts chunks of snapshots to peers, on connections of their own that live from chunk to chunk: a chunk never
 * stands in the way of a message.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { NodeId } from "../raft/types.ts";
import { answerBytesMax, type ChunkAnswer, type ChunkHeader, chunkHeaders, parseAnswer, snapshotPath } from "./chunk.ts";
import { callerHeaders, checkAnswerer, type Identity } from "./handshake.ts";

export type ChunkCall = {
  readonly to: NodeId;
  readonly peerUrl: string;
  readonly header: ChunkHeader;
  readonly chunk: Uint8Array;
  /** From the connection to the last byte of the answer. */
  readonly timeoutMs: number;
};

/** Sends chunks until `close`. */
export class ChunkClient {
  readonly #identity: Identity;
  // One connection to each peer: a transfer sends one chunk at a time.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  /** How to end each call that is under way. */
  readonly #underWay = new Set<(reason: string) => void>();
  #closed = false;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Resolves with the peer's answer; rejects when none that can be believed came in time, or at `close`. */
  send(call: ChunkCall): Promise<ChunkAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("the transport is closed");
      const { to, peerUrl, header, chunk, timeoutMs } = call;
      const request = httpRequest(new URL(snapshotPath, peerUrl), {
        method: "POST",
        agent: this.#agent,
        headers: { ...callerHeaders(this.#identity, to), ...chunkHeaders(header, chunk) },
      });
      const fail = (reason: string) => {
        reject(new Error(`chunk ${header.sequence} was not delivered to ${to}: ${reason}`));
        request.destroy();
      };
      this.#underWay.add(fail);
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      request.on("error", (error) => fail(error.message));
      request.on("close", () => {
        clearTimeout(timer);
        this.#underWay.delete(fail);
        // Settled by now, unless the connection ended in the middle of the answer.
        fail("connection closed");
      });
      request.on("response", (response) => {
        readBody(response, fail, (body) => {
          const answer = this.#believed(response, to, body);
          if (typeof answer === "string") fail(answer);
          else resolve(answer);
        });
      });
      request.end(chunk);
    });
  }

  /** Ends all connections; what is under way rejects. */
  close(): void {
    this.#closed = true;
    for (const fail of this.#underWay) fail("the transport is closed");
    this.#agent.destroy();
  }

  /** The answer, or what is wrong with it. */
  #believed(response: IncomingMessage, to: NodeId, body: string): ChunkAnswer | string {
    if (response.statusCode !== 200) return `refused with ${response.statusCode}: ${body.slice(0, answerBytesMax)}`;
    const answerer = checkAnswerer(response.headers, { clusterId: this.#identity.clusterId, to });
    return answerer.ok ? (parseAnswer(body) ?? "the answer makes no sense") : answerer.error;
  }
}

function readBody(response: IncomingMessage, fail: (reason: string) => void, onBody: (body: string) => void): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    body += part;
    if (body.length > answerBytesMax) fail("the answer is too long");
  });
  response.on("error", (error) => fail(error.message));
  response.on("end", () => onBody(body));
}

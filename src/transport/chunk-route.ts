/**
 * This file takes chunks of snapshots on the peer port: it reads each completely, within bounds of size, number and silence, hands
 * it over, and sends the answer.
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { err, type Result } from "../base/result.ts";
import type { NodeId } from "../raft/types.ts";
import { type AnnouncedChunk, type ChunkAnswer, type ChunkHeader, formatAnswer, parseChunkHeaders } from "./chunk.ts";

/** Takes a chunk and resolves with the answer. Rejects when the chunk could not be handled; the sender may repeat it then. */
export type OnSnapshotChunk = (from: NodeId, header: ChunkHeader, chunk: Uint8Array) => Promise<ChunkAnswer>;

/** Why a chunk is refused, ready to be answered as a problem document. */
export type ChunkRefused = { readonly status: number; readonly code: string; readonly detail: string };

/** One request, with the nonce for which its answer is proven. */
export type ChunkRequest = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly nonce: string };

/** Bounds and callbacks of the route. */
export type ChunkRouteOptions = {
  /** A caller that sends nothing for this long in the middle of a chunk is cut off. */
  readonly silenceMsMax: number;
  readonly onChunk: OnSnapshotChunk;
  /** Sends an answer, with `body` as JSON. */
  readonly answer: (call: ChunkRequest, body: string) => void;
  readonly refuse: (call: ChunkRequest, refusal: ChunkRefused) => void;
};

/**
 * Chunks that are read or handled at a time: one leader sends one, a deposed one another, and each may repeat it before
 * its first attempt is over. With the size of a chunk this bounds the memory that all callers together can take.
 */
const chunksMax = 4;

/** One route for all callers. */
export class ChunkRoute {
  readonly #options: ChunkRouteOptions;
  #underWay = 0;
  #closed = false;

  constructor(options: ChunkRouteOptions) {
    this.#options = options;
  }

  /** Nothing is handed over any more. */
  close(): void {
    this.#closed = true;
  }

  /** Takes one request of `sender`, whose identity was checked. */
  take(call: ChunkRequest & { readonly sender: NodeId }): void {
    const admitted = this.#admit(call.request);
    if (!admitted.ok) {
      this.#options.refuse(call, admitted.error);
      return;
    }
    this.#underWay += 1;
    void this.#serve(call, admitted.value)
      .catch((error: unknown) => this.#failed(call, error))
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  #admit(request: IncomingMessage): Result<AnnouncedChunk, ChunkRefused> {
    if (this.#underWay < chunksMax) return parseChunkHeaders(request.headers);
    return err({ status: 503, code: "busy", detail: `${chunksMax} chunks are under way` });
  }

  async #serve(call: Parameters<ChunkRoute["take"]>[0], { bytes, ...header }: AnnouncedChunk): Promise<void> {
    const { request, response, sender } = call;
    const chunk = await readChunk(request, { bytes, silenceMsMax: this.#options.silenceMsMax });
    if (chunk === undefined || this.#closed) {
      request.destroy();
      return;
    }
    const answer = await this.#options.onChunk(sender, header, chunk);
    // The caller may be gone; it will ask again.
    response.on("error", () => undefined);
    this.#options.answer(call, formatAnswer(answer));
  }

  #failed(call: Parameters<ChunkRoute["take"]>[0], error: unknown): void {
    call.response.on("error", () => undefined);
    const detail = `the chunk could not be taken: ${error instanceof Error ? error.message : String(error)}`;
    this.#options.refuse(call, { status: 500, code: "chunk_failed", detail });
  }
}

/** The whole body; undefined when its sender went silent or away before the end. */
function readChunk(
  request: IncomingMessage,
  { bytes, silenceMsMax }: { readonly bytes: number; readonly silenceMsMax: number },
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let received = 0;
    const timer = setTimeout(() => end(undefined), silenceMsMax);
    const end = (chunk: Uint8Array | undefined) => {
      clearTimeout(timer);
      resolve(chunk);
    };
    // Parts are kept as they arrive: memory grows with bytes received, not with bytes announced.
    request.on("data", (part: Buffer) => {
      timer.refresh();
      parts.push(part);
      received += part.byteLength;
    });
    request.on("end", () => end(received === bytes ? Buffer.concat(parts, received) : undefined));
    request.on("error", () => end(undefined));
    request.on("close", () => end(undefined));
  });
}

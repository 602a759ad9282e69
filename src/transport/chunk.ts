/**
 * This file defines one chunk of a snapshot on the wire: a POST of its own, with the chunk as body and its name in
 * headers; the receiver answers JSON. Both directions are parsed and checked here.
 */
import type { IncomingHttpHeaders } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { type Term, toTerm } from "../raft/types.ts";

/** Where chunks are posted. */
export const snapshotPath = "/raft/v1/snapshot";

/**
 * The longest chunk. A chunk ends with the row that takes it past its target; both are a fraction of it
 * (`composition/limit-relations.ts`).
 */
export const chunkBytesMax = 16 * 1024 * 1024;

/** Bytes of the longest answer that is read. */
export const answerBytesMax = 4096;
const reasonLengthMax = 500;

/** Names a chunk: `transferId` is 1 to 64 of `A-Z a-z 0-9 _ -`, one for each time that a sender reads through a state. */
export type ChunkHeader = { readonly transferId: string; readonly term: Term; readonly sequence: number };

/** A chunk whose body is on its way. */
export type AnnouncedChunk = ChunkHeader & { readonly bytes: number };

/** The receiver's answer to a chunk: which one it wants next, or that it refuses the transfer. */
export type ChunkAnswer =
  | { readonly kind: "next"; readonly sequence: number; readonly complete: boolean }
  | { readonly kind: "refused"; readonly reason: string };

const header = {
  transfer: "keyhold-transfer",
  term: "keyhold-transfer-term",
  sequence: "keyhold-transfer-sequence",
  length: "content-length",
} as const;

/** The headers of a request that carries `chunk`. */
export function chunkHeaders({ transferId, term, sequence }: ChunkHeader, chunk: Uint8Array): Record<string, string> {
  return {
    "content-type": "application/octet-stream",
    [header.transfer]: transferId,
    [header.term]: String(term),
    [header.sequence]: String(sequence),
    [header.length]: String(chunk.byteLength),
  };
}

/** Why the headers of a chunk are refused, ready to be answered as a problem document. */
export type ChunkRefusal = {
  readonly status: number;
  readonly code: "chunk_invalid" | "length_required" | "chunk_too_large";
  readonly detail: string;
};

/** The chunk that a request announces, or why it is refused before a byte of it is read. */
export function parseChunkHeaders(headers: IncomingHttpHeaders): Result<AnnouncedChunk, ChunkRefusal> {
  const invalid = (name: string) =>
    err({ status: 400, code: "chunk_invalid", detail: `header ${name} is missing or wrong` } as const);
  const transferId = headers[header.transfer];
  if (typeof transferId !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(transferId)) return invalid(header.transfer);
  const term = countIn(headers[header.term]);
  if (term === undefined) return invalid(header.term);
  const sequence = countIn(headers[header.sequence]);
  if (sequence === undefined) return invalid(header.sequence);
  // Node has checked that it is a number; without the header the length of the body is unknown.
  const bytes = countIn(headers[header.length]);
  if (bytes === undefined) return err({ status: 411, code: "length_required", detail: "a chunk says how long it is" });
  if (bytes > chunkBytesMax) {
    return err({ status: 413, code: "chunk_too_large", detail: `${bytes} bytes, at most ${chunkBytesMax} are taken` });
  }
  return ok({ transferId, term: toTerm(term), sequence, bytes });
}

/** The body of an answer. */
export function formatAnswer(answer: ChunkAnswer): string {
  if (answer.kind === "next") return JSON.stringify(answer);
  return JSON.stringify({ kind: "refused", reason: answer.reason.slice(0, reasonLengthMax) } satisfies ChunkAnswer);
}

/** The answer in a body; undefined when there is none. */
export function parseAnswer(body: string): ChunkAnswer | undefined {
  const found = fieldsIn(body);
  if (found === undefined) return undefined;
  const { kind, sequence, complete, reason } = found;
  if (kind === "refused" && typeof reason === "string") return { kind, reason: reason.slice(0, reasonLengthMax) };
  if (kind !== "next" || typeof complete !== "boolean") return undefined;
  return typeof sequence === "number" && Number.isSafeInteger(sequence) && sequence >= 0
    ? { kind, sequence, complete }
    : undefined;
}

function fieldsIn(body: string): Readonly<Partial<Record<"kind" | "sequence" | "complete" | "reason", unknown>>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function countIn(value: string | string[] | undefined): number | undefined {
  if (typeof value !== "string" || !/^\d{1,16}$/.test(value)) return undefined;
  const count = Number(value);
  return Number.isSafeInteger(count) ? count : undefined;
}

/**
 * This file reads the body of a request into memory, up to a limit. What goes past the limit is still drained for a
 * while, so that a client that is writing gets to read why it was refused.
 */
import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "../src/base/result.ts";

export type BodyFailure =
  /** `drained` is false when the rest was left unread: the connection must be closed. */
  | { readonly kind: "tooLarge"; readonly drained: boolean }
  /** The client went away; nobody is there to answer. */
  | { readonly kind: "aborted" };

/** How much beyond the limit is read and thrown away before the connection is given up. */
const drainBytesMax = 4 * 1024 * 1024;

/** The whole body, at most `bytesMax` long. Settles when the client has sent it, or gone away. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Result<Buffer, BodyFailure>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > bytesMax + drainBytesMax) return Promise.resolve(err({ kind: "tooLarge", drained: false }));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let settled = false;
    const settle = (result: Result<Buffer, BodyFailure>): void => {
      if (settled) return;
      settled = true;
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > bytesMax + drainBytesMax) {
        request.pause();
        settle(err({ kind: "tooLarge", drained: false }));
      }
    };
    const onEnd = (): void => {
      if (bytes > bytesMax) settle(err({ kind: "tooLarge", drained: true }));
      else settle(ok(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
    };
    const onClose = (): void => settle(err({ kind: "aborted" }));
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

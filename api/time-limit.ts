/**
 * This file says how long the node may take for a request: as long as its own settings say, and less when the client waits less. A client
 * that gives up first never reads the verdict, and takes "nothing was written" for "who knows".
 */
import type { IncomingMessage } from "node:http";

/** The header in which a client, or a node that forwards a request, says for how many milliseconds it waits. */
export const timeoutHeader = "keyhold-timeout-ms";

/** Milliseconds that an answer may need on its way and in queues; of a short wait it gets a quarter. */
const answerOnItsWayMs = 500;

/** Milliseconds after which to answer a client that waits for `waitedMs`; undefined when it did not say, and `limitMs` at most. */
export function answerAfterMs(waitedMs: number | undefined, limitMs: number): number {
  if (waitedMs === undefined) return limitMs;
  return Math.min(limitMs, Math.max(1, Math.floor(waitedMs - Math.min(answerOnItsWayMs, waitedMs / 4))));
}

/** Milliseconds that the node may take for `request`. A header that the document does not allow is refused elsewhere, and ignored here. */
export function timeLimitOf(
  request: Pick<IncomingMessage, "headers">,
  { requestTimeoutMs }: { readonly requestTimeoutMs: number },
): number {
  const text = request.headers[timeoutHeader];
  const isPlain = typeof text === "string" && /^[1-9][0-9]{0,8}$/.test(text);
  return answerAfterMs(isPlain ? Number(text) : undefined, requestTimeoutMs);
}

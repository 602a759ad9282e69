/**
 * This file decides which ends of streams are told one by one: a peer that is away is called several times a second, and must not fill the
 * log. The first end is told, then each other reason, then the same one every half minute with a count.
 */
import { unreachable } from "../base/assert.ts";
import { Repeats } from "../intake/repeats.ts";
import type { TransportEvent } from "../transport/transport.ts";
import { type EventLogger, logTransport } from "./event-log.ts";

/** The end of a stream to or from a peer; outgoing ones end with each attempt that fails, too. */
export type StreamEnd = Extract<TransportEvent, { readonly kind: "outgoingClosed" | "incomingClosed" }>;

/** The same end is told again after this: often enough to see that it lasts. */
const quietMs = 30_000;
/** A stream that stood ends an outage: the same reason is news then, unless it was told so shortly before that the stream flaps. */
const flapMs = 5000;
/** Told apart for a peer in that time; reasons may hold what a stranger answered. */
const reasonsMax = 8;
/** Members, and callers that have proven the secret. */
const peersMax = 256;
/** Nodes that are started together do not find each other at once, which says nothing. */
const startMs = 3000;

const secretAdvice =
  "the peer refuses this node, because the two were given different peer secrets: give every node the same KEYHOLD_PEER_SECRET " +
  "(or KEYHOLD_PEER_SECRET_FILE), and start those again that had another";

/** Takes what the transport tells, and writes it to `logger`; `nowMs` never falls, and the node starts now. */
export function transportLog(
  logger: EventLogger,
  nowMs: () => number = () => performance.now(),
): (event: TransportEvent) => void {
  const startedMs = nowMs();
  const streams = new Map<string, Repeats>();
  const seen = new Set<string>();
  const opened = (peer: string) => {
    if (seen.size < peersMax) seen.add(peer);
    for (const kind of ["outgoingClosed", "incomingClosed"]) {
      streams.get(`${kind} ${peer}`)?.forgetBefore(nowMs() - flapMs);
    }
  };
  const closed = ({ kind, peer, reason }: StreamEnd) => {
    const isSecret = reason.startsWith("refused with 401");
    const isStarting = !seen.has(peer) && nowMs() - startedMs < startMs;
    const suppressed = isStarting && !isSecret ? undefined : reasonsOf(streams, `${kind} ${peer}`).note(reason, nowMs());
    const fields = { peer, reason, stream: kind, ...(suppressed === undefined || suppressed === 0 ? {} : { suppressed }) };
    if (suppressed === undefined) logger.debug(fields, "stream closed");
    else if (isSecret) logger.warn(fields, secretAdvice);
    else logger.info(fields, "stream closed");
  };
  return (event) => {
    switch (event.kind) {
      case "outgoingClosed":
      case "incomingClosed":
        closed(event);
        return;
      case "outgoingOpened":
      case "incomingOpened":
        opened(event.peer);
        logTransport(logger, event);
        return;
      case "callerRefused":
      case "frameTooLarge":
        logTransport(logger, event);
        return;
      default:
        unreachable(event);
    }
  };
}

/** The reasons told of one stream; of many streams, the one that ended longest ago is forgotten. */
function reasonsOf(streams: Map<string, Repeats>, stream: string): Repeats {
  const reasons = streams.get(stream) ?? new Repeats({ quietMs, keysMax: reasonsMax });
  streams.delete(stream);
  streams.set(stream, reasons);
  const oldest = streams.keys().next().value;
  if (streams.size > peersMax && oldest !== undefined) streams.delete(oldest);
  return reasons;
}

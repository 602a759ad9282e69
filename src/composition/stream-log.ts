/**
 * This file decides which ends of streams are logged: a peer that is down is called several times a second, and must not fill the
 * log. The first end is logged, then each other reason, then the same one every half minute with a count.
 */
import { unreachable } from "../base/assert.ts";
import { Repeats } from "../intake/repeats.ts";
import type { TransportEvent } from "../transport/transport.ts";
import { type EventLogger, logTransport } from "./event-log.ts";

/** The end of a stream to or from a peer; outgoing ones end with each attempt that fails, too. */
export type StreamEnd = Extract<TransportEvent, { readonly kind: "outgoingClosed" | "incomingClosed" }>;

/** Milliseconds after which the same end is logged again: often enough to see that it lasts. */
const quietMs = 30_000;
/** A stream that was open ends an outage: the same reason is logged again then, unless that was less than this many ms ago. */
const flapMs = 5000;
/** Reasons of one peer within that time; they may contain what a stranger answered. */
const reasonsMax = 8;
/** Peers that are remembered: members, and callers that have proven the secret. */
const peersMax = 256;
/** Milliseconds after the start in which failures are not logged: nodes that start together do not reach each other at once. */
const startMs = 3000;

const secretAdvice =
  "the peer refuses this node, because the two were given different peer secrets: give every node the same KEYHOLD_PEER_SECRET " +
  "(or KEYHOLD_PEER_SECRET_FILE), and start those again that had another";

/** Returns a listener for events of the transport that writes to `logger`; `nowMs` never falls. To be called when the node starts. */
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

/** The logged reasons of one stream; beyond `peersMax` streams, the one that ended longest ago is forgotten. */
function reasonsOf(streams: Map<string, Repeats>, stream: string): Repeats {
  const reasons = streams.get(stream) ?? new Repeats({ quietMs, keysMax: reasonsMax });
  streams.delete(stream);
  streams.set(stream, reasons);
  const oldest = streams.keys().next().value;
  if (streams.size > peersMax && oldest !== undefined) streams.delete(oldest);
  return reasons;
}

/**
 * This file writes what storage and transport tell into the log of the node, in words for who runs it. Streams that end are told by
 * `stream-log.ts`.
 */
import { unreachable } from "../base/assert.ts";
import type { StorageEvent } from "../storage/storage-event.ts";
import type { TransportEvent } from "../transport/transport.ts";
import type { StreamEnd } from "./stream-log.ts";

/** What it is written to; pino's logger is one. */
export type EventLogger = Readonly<Record<"debug" | "info" | "warn" | "error", (fields: object, message: string) => void>>;

const quarantineAdvice =
  "quarantine: this node takes part in no election until a leader has brought back what it lost. The others must elect that " +
  "leader without it. If a majority is damaged or gone, nobody can: bring back a member that is whole, or begin a new cluster " +
  "from a backup";

/** What happens to the disk's state. */
export function logStorage(logger: EventLogger, event: StorageEvent): void {
  switch (event.kind) {
    case "quarantineBegan": {
      const { lostLog, path, damage } = event;
      logger.error({ damage, setAside: path, lostLog }, `a damaged state was set aside; ${quarantineAdvice}`);
      break;
    }
    case "witnessLost":
      logger.warn(event, "nothing tells whether the disk took back the last write: its witness cannot be read, and is made anew");
      break;
    case "snapshotsGivenUp":
      logger.warn(event, "states on their way to other nodes were given up: they kept the disk from using its free pages again");
      break;
    case "quarantineGoesOn":
      logger.warn({ lostLog: event.lostLog }, `what was lost is not back yet; ${quarantineAdvice}`);
      break;
    case "quarantineEnded":
      logger.info({ lostLog: event.lostLog }, "quarantine ended: this node holds again what it had lost, and votes");
      break;
    default:
      unreachable(event);
  }
}

/** What happens on the peer port, but for streams that end, which `streamLog` tells. */
export function logTransport(logger: EventLogger, { kind, ...fields }: Exclude<TransportEvent, StreamEnd>): void {
  switch (kind) {
    case "callerRefused":
      logger.warn(fields, "a caller on the peer port was refused");
      break;
    case "frameTooLarge":
      logger.warn(fields, "a message is too large to send");
      break;
    case "outgoingOpened":
    case "incomingOpened":
      logger.debug({ ...fields, stream: kind }, "stream opened");
      break;
    default:
      unreachable(kind);
  }
}

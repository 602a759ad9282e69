/**
 * This file writes the events of storage and transport to the log of the node. Ends of streams are logged by
 * `stream-log.ts`.
 */
import { unreachable } from "../base/assert.ts";
import type { StorageEvent } from "../storage/storage-event.ts";
import type { TransportEvent } from "../transport/transport.ts";
import type { StreamEnd } from "./stream-log.ts";

/** The logger; pino's is one. */
export type EventLogger = Readonly<Record<"debug" | "info" | "warn" | "error", (fields: object, message: string) => void>>;

const quarantineAdvice =
  "quarantine: this node votes for nobody until a leader has brought back what it lost. The others must elect that " +
  "leader without it. If a majority is damaged or gone, they cannot: bring back an undamaged member, or begin a new cluster " +
  "from a backup";

/** Logs one event of the storage. */
export function logStorage(logger: EventLogger, event: StorageEvent): void {
  switch (event.kind) {
    case "quarantineBegan": {
      const { lostLog, path, damage } = event;
      logger.error({ damage, setAside: path, lostLog }, `a damaged state was set aside; ${quarantineAdvice}`);
      break;
    }
    case "witnessLost":
      logger.warn(
        event,
        "the witness of the last write cannot be read: if the disk lost that write, this is not noticed. A new witness is made",
      );
      break;
    case "snapshotsGivenUp":
      logger.warn(event, "snapshots to other nodes were given up: they kept old pages of the data file from being reused");
      break;
    case "quarantineGoesOn":
      logger.warn({ lostLog: event.lostLog }, `the lost entries are not back yet; ${quarantineAdvice}`);
      break;
    case "quarantineEnded":
      logger.info({ lostLog: event.lostLog }, "quarantine ended: this node holds again what it had lost, and votes");
      break;
    default:
      unreachable(event);
  }
}

/** Logs one event of the transport, except ends of streams (`transportLog`). */
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

/**
 * This file names what every part of the face is given: the service it speaks for, the contract it speaks, its bounds.
 */
import type { IntakeLimits } from "../src/intake/intake.ts";
import { type KeyholdService, renewalsMax } from "../src/node/service.ts";
import type { Contract } from "./contract/contract.ts";
import type { Metrics } from "./metrics.ts";
import type { ApiPorts } from "./ports.ts";
import type { AnswerLimits, Answers } from "./rest/answers.ts";
import type { BodyBudget, BodyLimits } from "./rest/body-budget.ts";
import type { Responder } from "./rest/respond.ts";
import type { InboundLimits } from "./watch/inbound-gate.ts";

/** The four levels of pino that the face uses; any logger with them will do. */
export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Every bound of the face. Where each comes from is in the options of the node; these are spelled out there. */
export type ApiLimits = {
  /** The longest a write or a read may take before the client is told that it is not known, or not possible. */
  readonly requestTimeoutMs: number;
  /** The longest an acquire is held open before it answers with a ticket. */
  readonly acquireHoldMsMax: number;
  readonly valueBytesMax: number;
  /** Bodies that are not values. */
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  readonly headersMax: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly connectionsMax: number;
  readonly intake: IntakeLimits;
  readonly answers: AnswerLimits;
  readonly bodies: BodyLimits;
  /** Bytes of one page of config, as they are kept and as text; one entry may be more. */
  readonly pageBytesMax: number;
  /** How far apply may be behind commit on a node that calls itself ready, in entries. */
  readonly readyLagMax: number;
  readonly watch: WatchLimits;
};

export type WatchLimits = {
  readonly socketsMax: number;
  /** Open watches of all sockets. */
  readonly watchesMax: number;
  readonly watchesPerSocketMax: number;
  readonly leasesPerSocketMax: number;
  /** Packets of events that may be on their way unacknowledged, for one watch. */
  readonly windowPackets: number;
  /** Bytes of them for one socket, all its watches together. */
  readonly windowBytes: number;
  /** One packet holds at most about this much; a single revision may be larger. */
  readonly packetBytesMax: number;
  readonly batchesPerPacketMax: number;
  /** A watch that acknowledges nothing for this long, with a full window, is ended; a socket that reads nothing is cut off. */
  readonly slowConsumerMs: number;
  /** The same for a socket that reads nothing while others wait for room in `sendingBytesMax`. */
  readonly slowConsumerContendedMs: number;
  /** Bytes of all sockets together that were sent and that no client reads: what watches can cost this node in memory. */
  readonly sendingBytesMax: number;
  /** Answers and notices of one socket that it does not read; past it the socket is cut off. */
  readonly smallBytesMax: number;
  /** Messages of one socket that wait to be looked at; past it the socket is not read any more until they were. */
  readonly inboundMessagesMax: number;
  /** What is read of sockets that do not read what they are sent. */
  readonly inbound: InboundLimits;
  /** Bytes of all sockets that were sent and not looked at, unfinished messages included. */
  readonly backlogBytesMax: number;
  /** Characters of different targets of all watches. */
  readonly targetCharactersMax: number;
  /** Work for sockets before the node looks at its peers and timers again. */
  readonly sliceMs: number;
  readonly progressIntervalMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly messageBytesMax: number;
  /** How long a watch from a revision that this node has not reached waits for it. */
  readonly futureWaitMs: number;
};

type Configured = "requestTimeoutMs" | "acquireHoldMsMax" | "valueBytesMax";
type ConfiguredOfWatches = "watchesMax" | "watchesPerSocketMax";

/** The bounds that no option of the node sets. */
export type FixedApiLimits = Omit<ApiLimits, Configured | "watch"> & { readonly watch: Omit<WatchLimits, ConfiguredOfWatches> };

/** Bounds that suit a node of three on a small machine; the others are options of the node. */
export const defaultApiLimits: FixedApiLimits = {
  bodyBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  headersMax: 100,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  connectionsMax: 10_000,
  // A turn of 8 ms leaves a heartbeat every 60 ms in time; 128 requests are about as much work after they were taken in.
  intake: { turnRequestsMax: 128, turnMsMax: 8, heldBytesMax: 64 * 1024 * 1024 },
  // Dozens of the largest pages; a client beside those that do not read waits for a second and then has its turn.
  answers: {
    sendingBytesMax: 64 * 1024 * 1024,
    smallBytesMax: 16 * 1024,
    slowReaderMs: 60_000,
    slowReaderContendedMs: 1_000,
  },
  // Sixty-four of the largest values at once. Small ones of all ten thousand connections find room beside none of them. Who brings less
  // than 16 KiB a second would not bring a value of a MiB within `bodyTimeoutMs` either.
  bodies: { unfinishedBytesMax: 64 * 1024 * 1024, smallBytesMax: 4 * 1024, stillMs: 1_000, flowBytesMin: 16 * 1024 },
  // Some ten milliseconds of work. A page may be short, so this costs a client with small values nothing.
  pageBytesMax: 1024 * 1024,
  readyLagMax: 1_000,
  watch: {
    socketsMax: 5_000,
    // What one message can renew: a client that keeps more of them alive has another connection.
    leasesPerSocketMax: renewalsMax,
    windowPackets: 64,
    // Four parts of a snapshot: more only moves them into the kernel's buffers, for each of thousands of sockets.
    windowBytes: 1024 * 1024,
    packetBytesMax: 256 * 1024,
    batchesPerPacketMax: 256,
    slowConsumerMs: 60_000,
    slowConsumerContendedMs: 2_000,
    sendingBytesMax: 32 * 1024 * 1024,
    smallBytesMax: 256 * 1024,
    inboundMessagesMax: 64,
    // Some keepalives of a client on a slow line; and a hundred whole pieces of 64 KiB of those that only talk.
    inbound: { connectionBytesMax: 4 * 1024, allBytesMax: 8 * 1024 * 1024 },
    // A thousand of the largest messages; parsed, they may be some times as much.
    backlogBytesMax: 64 * 1024 * 1024,
    targetCharactersMax: 16 * 1024 * 1024,
    sliceMs: 4,
    progressIntervalMs: 10_000,
    pingIntervalMs: 10_000,
    pingTimeoutMs: 10_000,
    messageBytesMax: 64 * 1024,
    futureWaitMs: 5_000,
  },
};

export type ApiContext = {
  readonly ports: ApiPorts;
  readonly service: KeyholdService;
  readonly contract: Contract;
  /** The document itself, as JSON text. */
  readonly documentJson: string;
  readonly responder: Responder;
  readonly answers: Answers;
  readonly bodies: BodyBudget;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: ApiLimits;
  /** True from the moment this node began to close. */
  readonly closing: () => boolean;
  /** Why this node may never find a leader, where something is known. */
  readonly noLeaderAdvice: () => string | undefined;
  /** Told of every error that is our own fault. */
  readonly onInternalError: (error: unknown) => void;
};

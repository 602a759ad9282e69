/**
 * This file declares what every part of the API shares: the service, the contract, and the bounds.
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

/** The logger of the API, with four of pino's levels. */
export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Every bound of the API. Some are options of the node; `defaultApiLimits` has the others, with reasons. */
export type ApiLimits = {
  /** The longest a write or a read may take before it is answered `outcome_unknown` or `no_leader`. */
  readonly requestTimeoutMs: number;
  /** The longest that an acquire waits before it answers 202 with a ticket. */
  readonly acquireHoldMsMax: number;
  readonly valueBytesMax: number;
  /** Bytes of a body that is not a config value. */
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
  /** Bytes of one page of config, as stored and as text; a single entry may have more. */
  readonly pageBytesMax: number;
  readonly watch: WatchLimits;
};

/** The bounds of watches, for one socket and for all of a node (DECISIONS 32, 42). */
export type WatchLimits = {
  readonly socketsMax: number;
  /** Open watches of all sockets. */
  readonly watchesMax: number;
  readonly watchesPerSocketMax: number;
  readonly leasesPerSocketMax: number;
  /** Packets of events that one watch may have unacknowledged. */
  readonly windowPackets: number;
  /** Unacknowledged bytes of one socket, all its watches together. */
  readonly windowBytes: number;
  /** Bytes of one packet, about; a single revision may be larger. */
  readonly packetBytesMax: number;
  readonly batchesPerPacketMax: number;
  /** A watch that acknowledges nothing for this long, with a full window, is ended; a socket that reads nothing is cut off. */
  readonly slowConsumerMs: number;
  /** As `slowConsumerMs`, for a socket that reads nothing while others wait for room in `sendingBytesMax`. */
  readonly slowConsumerContendedMs: number;
  /** Bytes sent to all sockets together that their clients have not read: the memory that watches can take. */
  readonly sendingBytesMax: number;
  /** Bytes of answers and notices that one socket has not read; beyond it the socket is cut off. */
  readonly smallBytesMax: number;
  /** Messages of one socket that wait to be handled; beyond it the socket is not read until they were. */
  readonly inboundMessagesMax: number;
  /** How much is read from sockets that do not read what they are sent. */
  readonly inbound: InboundLimits;
  /** Bytes received from all sockets that wait to be handled, unfinished messages included. */
  readonly backlogBytesMax: number;
  /** Characters of the different targets of all watches. */
  readonly targetCharactersMax: number;
  /** Milliseconds of work for sockets before the node handles its peers and timers again. */
  readonly sliceMs: number;
  readonly progressIntervalMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly messageBytesMax: number;
  /** How long at most a watch from a revision that this node has not reached waits for it. */
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
  // Turns of 8 ms do not delay heartbeats every 60 ms; 128 requests are about as much work after they were parsed.
  intake: { turnRequestsMax: 128, turnMsMax: 8, heldBytesMax: 64 * 1024 * 1024 },
  // Dozens of the largest pages; a client waits for a second at most because of others that do not read.
  answers: {
    sendingBytesMax: 64 * 1024 * 1024,
    smallBytesMax: 16 * 1024,
    slowReaderMs: 60_000,
    slowReaderContendedMs: 1_000,
  },
  // Sixty-four of the largest values at once; or small bodies of all ten thousand connections. A client that sends less
  // than 16 KiB a second would not send a value of a MiB within `bodyTimeoutMs` either (DECISIONS 56).
  bodies: { unfinishedBytesMax: 64 * 1024 * 1024, smallBytesMax: 4 * 1024, stillMs: 1_000, flowBytesMin: 16 * 1024 },
  // Some ten milliseconds of work. A page may be short, so this does not affect clients with small values.
  pageBytesMax: 1024 * 1024,
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
    // Sixty-four parts on their way: a client that reads has the next part in milliseconds, one that does not costs no more.
    sendingBytesMax: 16 * 1024 * 1024,
    smallBytesMax: 256 * 1024,
    inboundMessagesMax: 64,
    // Some keepalives of a client on a slow line; and a hundred pieces of 64 KiB from clients that send without reading.
    inbound: { connectionBytesMax: 4 * 1024, allBytesMax: 8 * 1024 * 1024 },
    // A thousand of the largest messages; parsed, they may take several times as much.
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

/** What every part of the API shares. */
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
  /** Advice when this node may never find a leader; undefined when there is none. */
  readonly noLeaderAdvice: () => string | undefined;
  /** Called with every unexpected error. */
  readonly onInternalError: (error: unknown) => void;
};

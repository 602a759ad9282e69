/**
 * This file is the composition root: it opens disk and network, puts the node between them and the API in front, and closes
 * all of it in the order that loses nothing. It is also how another program embeds a node.
 */
import { createHash, randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type ApiLimits, defaultApiLimits } from "../api/context.ts";
import { createApiServer } from "../api/server.ts";
import { document } from "../openapi/generated/document.ts";
import { unreachable } from "./base/assert.ts";
import type { Config } from "./config.ts";
import { KeyholdNode, type NodeOptions } from "./node/node.ts";
import type { Snapshots } from "./node/ports.ts";
import { type MemberAddress, type Membership, toNodeId } from "./raft/types.ts";
import { LmdbStorage } from "./storage/lmdb-storage.ts";
import { HttpTransport, type TransportEvent } from "./transport/transport.ts";

const MIB = 1024 * 1024;
/** How long requests under way may end by themselves at a stop, before those that only wait are ended. */
const drainMs = 500;

/** What a node writes to; pino's logger is one. */
export type NodeLogger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type NodeHost = {
  readonly logger: NodeLogger;
  /** The node has stopped because its disk failed or it contradicts itself. The process should end; restart recovers. */
  readonly onFatal: (error: unknown) => void;
};

export type RunningNode = {
  readonly apiUrl: string;
  /**
   * Refuses new requests, ends watches with `shutting_down`, answers what is under way within the grace, closes the disk. Settles
   * when ports and folder are free. Call once.
   */
  stop(): Promise<void>;
};

/** Settles when the API listens; whether a leader is known, /readyz tells. Rejects when a port or the folder cannot be had. */
export async function startNode(config: Config, host: NodeHost): Promise<RunningNode> {
  const { logger } = host;
  const nodeId = toNodeId(config.nodeId);
  const { clusterId } = config;
  const storage = await LmdbStorage.open({
    directory: config.dataDir,
    clusterId,
    nodeId,
    initialMembership: membershipOf(config),
    mapSizeBytes: config.mapBytesMax,
    logCacheBytesMax: config.logCacheBytesMax,
    onFatal: host.onFatal,
  });
  let node: KeyholdNode | undefined;
  const transport = await HttpTransport.open({
    clusterId,
    nodeId,
    listen: { host: config.peerHost, port: config.peerPort },
    peerTimeoutMs: config.tickMs * config.electionTicks,
    bufferBytesMax: config.peerBufferBytesMax,
    secret: config.peerSecret === "" ? undefined : config.peerSecret,
    // What arrives before the node is there is lost, as anything on a network may be.
    onMessage: (message) => node?.receive(message),
    onUnreachable: (peer) => node?.unreachable(peer),
    onEvent: (event) => logTransport(logger, event),
  }).catch(async (error: unknown) => {
    await storage.close();
    throw error;
  });
  node = new KeyholdNode(
    nodeOptions(config),
    { disk: storage, network: transport, snapshots: noSnapshots },
    {
      onRoleChanged: ({ role, term, leaderId }) => logger.info({ role, term, leaderId }, "role changed"),
      onRemoved: () => host.onFatal(new Error(`${nodeId} was removed from the cluster; its data folder cannot come back`)),
      onFatal: host.onFatal,
    },
  );
  node.start();
  const service = node;
  const api = await createApiServer({
    service,
    document,
    logger,
    limits: apiLimits(config),
    listen: { host: config.apiHost, port: config.apiPort },
    onInternalError: (error) => logger.error({ err: error }, "a request failed by our own fault"),
  }).catch(async (error: unknown) => {
    service.stop();
    await transport.close();
    await storage.close();
    throw error;
  });
  logger.info({ apiUrl: api.url, peers: config.members.length - 1, dataDir: config.dataDir, clusterId }, "started");
  return {
    apiUrl: api.url,
    async stop() {
      const closed = api.close(config.shutdownGraceMs);
      // Requests that wait for a lock may wait for a minute; stopping the node ends them with an answer.
      await Promise.race([closed, delay(Math.min(drainMs, config.shutdownGraceMs))]);
      service.stop();
      await closed;
      await transport.close();
      await storage.close();
    },
  };
}

/** The log is kept long enough (`logEntriesMax`) that states need not travel; a follower beyond it waits for an operator. */
const noSnapshots: Snapshots = { send: (_order, done) => void setImmediate(() => done(false)), settle: () => undefined };

function membershipOf(config: Config): Membership {
  const addresses: Record<string, MemberAddress> = {};
  for (const { id, peerUrl, apiUrl } of config.members) addresses[id] = { peerUrl, apiUrl };
  const voters = config.members.map((member) => toNodeId(member.id));
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
}

/** Settings, and beside them the bounds that only a measurement should change. */
function nodeOptions(config: Config): NodeOptions {
  return {
    clusterId: config.clusterId,
    tickMs: config.tickMs,
    // What a watch that is a moment behind reads from memory instead of the disk.
    recentBatchesMax: 10_000,
    recentBytesMax: 16 * MIB,
    driver: {
      raft: {
        id: toNodeId(config.nodeId),
        origin: randomUUID(),
        seed: randomInt(2 ** 31),
        electionTicks: config.electionTicks,
        heartbeatTicks: config.heartbeatTicks,
        // Large enough to fill a pipe, small enough that a heartbeat behind it is not late.
        messageBytesMax: MIB,
        inFlightMessagesMax: 256,
        inFlightBytesMax: 16 * MIB,
        uncommittedBytesMax: config.uncommittedBytesMax,
        // One turn's worth of apply: at some 100,000 entries a second it is a few milliseconds.
        applyBytesMax: MIB,
        applyLagEntriesMax: 100_000,
        promoteLagEntriesMax: 1000,
      },
      // The same on every node, because the state is hashed and compared.
      storeId: createHash("sha256").update(`store of ${config.clusterId}`).digest("hex").slice(0, 16),
      forwardBytesMax: MIB,
      renewalsPerCommandMax: 1000,
      pendingProposalsMax: config.pendingProposalsMax,
      pendingBytesMax: config.pendingBytesMax,
      pendingReadsMax: config.pendingReadsMax,
      // Answers to a former run of this node must not be taken for answers to this one.
      firstReadId: randomInt(2 ** 40),
      readTicksMax: Math.ceil(config.electionTicks / 3),
      logEntriesMax: config.logEntriesMax,
      logEntriesKept: Math.floor(config.logEntriesMax / 2),
    },
  };
}

function apiLimits(config: Config): ApiLimits {
  return {
    ...defaultApiLimits,
    requestTimeoutMs: config.requestTimeoutMs,
    acquireHoldMsMax: config.acquireHoldMsMax,
    valueBytesMax: config.bodyBytesMax,
    watch: {
      ...defaultApiLimits.watch,
      watchesMax: config.watchesMax,
      watchesPerSocketMax: config.watchesPerConnectionMax,
    },
  };
}

function logTransport(logger: NodeLogger, { kind, ...fields }: TransportEvent): void {
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
    case "outgoingClosed":
    case "incomingClosed":
      logger.info({ ...fields, stream: kind }, "stream closed");
      break;
    default:
      unreachable(kind);
  }
}

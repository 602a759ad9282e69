/**
 * This file is the composition root: it opens disk and network, puts the node between them and the API in front, and closes
 * all of it in the order that loses nothing. It is also how another program embeds a node.
 */
import { createHash, randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createContract } from "../../api/contract/contract.ts";
import { createApiServer } from "../../api/server.ts";
import { document } from "../../openapi/generated/document.ts";
import { assert, unreachable } from "../base/assert.ts";
import { bootstrap, type Established } from "../bootstrap/bootstrap.ts";
import { recordsIn } from "../bootstrap/folder-records.ts";
import { lostDataAdvice } from "../bootstrap/formation.ts";
import { createStartKeeper } from "../bootstrap/start-keeper.ts";
import { admissionsWanted, refusedStartAdvice, type StartRefusalCode } from "../bootstrap/starts.ts";
import { addressWatch, adviceFor, reachAdvice } from "../config/address-advice.ts";
import type { Config } from "../config/config.ts";
import { lostForGoodAdvice } from "../node/members/lost-for-good.ts";
import { KeyholdNode, type NodeOptions } from "../node/node.ts";
import type { Network } from "../node/ports.ts";
import { realTime } from "../node/real-time.ts";
import { renewalsMax } from "../node/service.ts";
import { type SnapshotChannel, SnapshotTransfer, type SnapshotTransferOptions } from "../node/snapshots/snapshot-transfer.ts";
import { type Budget, planBudget } from "../storage/budget.ts";
import { LmdbStorage } from "../storage/lmdb-storage.ts";
import { memberRemovedCode } from "../transport/handshake.ts";
import { accessOf } from "../transport/proof.ts";
import { HttpTransport } from "../transport/transport.ts";
import { apiLimits, hostNamesOf } from "./api-options.ts";
import { realApiPorts } from "./api-ports.ts";
import { logStorage } from "./event-log.ts";
import { forwardBytesMax, messageBytesMax, sentChunkBytesMax } from "./limit-relations.ts";
import { gaugesOf, type NodeGauge } from "./node-gauges.ts";
import { foreignHistoryAdvice, protocolFaults } from "./protocol-faults.ts";
import { transportLog } from "./stream-log.ts";

const MIB = 1024 * 1024;
/** Milliseconds for requests under way to end by themselves at a stop, before those that only wait are ended. */
const drainMs = 500;

/** The logger of a node; pino's is one. */
export type NodeLogger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** The process around a node: its log, and what it does when the node ends by itself. */
export type NodeHost = {
  readonly logger: NodeLogger;
  /** The node has stopped after a failed disk or a violated invariant. The process should end; a restart recovers. */
  readonly onFatal: (error: unknown) => void;
  /** The node may never take part again and must be stopped. Called once. */
  readonly onRetired: (retirement: NodeRetired) => void;
  /** Ends a start, wherever it is: `startNode` rejects with its reason once ports and folder are free. Without effect on a started node. */
  readonly signal?: AbortSignal;
};

/**
 * `removed`: the cluster goes on without it. `dataLost`: its data folder took the place of another one. `copied`: its data folder is an
 * older copy of itself, or runs elsewhere as well. `foreignHistory`: its log contradicts the cluster's.
 */
export type NodeRetired = { readonly kind: "removed" | "dataLost" | "copied" | "foreignHistory"; readonly message: string };

/** A started node. */
export type RunningNode = {
  readonly apiUrl: string;
  /**
   * Refuses new requests, ends watches with `shutting_down`, answers requests under way within the grace, closes the disk. Resolves
   * when ports and folder are free. Call once.
   */
  stop(): Promise<void>;
};

/** Resolves when the API listens; /readyz says whether a leader is known. Rejects when a port or the folder cannot be used. */
export async function startNode(config: Config, host: NodeHost): Promise<RunningNode> {
  const { logger } = host;
  const contract = createContract(document);
  const { service, close, established, gauges } = await openNode(config, host);
  const closeAll = async () => {
    service.stop();
    await close();
  };
  const api = await createApiServer({
    service,
    ports: realApiPorts,
    document,
    contract,
    logger,
    limits: apiLimits(config, logger),
    listen: { host: config.apiHost, port: config.apiPort },
    hostNames: hostNamesOf(config),
    noLeaderAdvice: () => adviceFor(config, service.membership()),
  }).catch(async (error: unknown) => {
    await closeAll();
    throw error;
  });
  // No step after this one waits: from here on the host stops the node.
  await endIfAborted(host.signal, async () => {
    await api.close(0);
    await closeAll();
  });
  for (const gauge of gauges) api.metrics.addGauge(gauge);
  logger.info({ apiUrl: api.url, dataDir: config.dataDir, clusterId: established.clusterId }, "started");
  const lostForGood = lostForGoodAdvice(service.status());
  if (lostForGood !== undefined) logger.error({ dataDir: config.dataDir }, lostForGood);
  return {
    apiUrl: api.url,
    async stop() {
      const closed = api.close(config.shutdownGraceMs);
      // With a transfer the successor takes over at once; otherwise the others need an election timeout.
      if (service.status().role === "leader") await service.transferLeadership(null, { timeoutMs: drainMs });
      // Requests that wait for a lock may wait for a minute; stopping the node ends them with an answer.
      await Promise.race([closed, delay(Math.min(drainMs, config.shutdownGraceMs))]);
      service.stop();
      await closed;
      await close();
    },
  };
}

/** A started node with its disk and its network, which `close` closes; stop the node first. */
async function openNode(config: Config, host: NodeHost): Promise<OpenNode> {
  const { logger } = host;
  const signal = host.signal ?? new AbortController().signal;
  const unreached = reachAdvice(config);
  if (unreached !== undefined) logger.warn({}, unreached);
  const established = await bootstrap(config, { log: logger, signal });
  await endIfAborted(signal, () => established.ownership.release());
  const { clusterId, nodeId } = established;
  const peerTimeoutMs = config.tickMs * config.electionTicks;
  const storage = await LmdbStorage.open({
    ...storageOptions(config),
    ownership: established.ownership,
    clusterId,
    nodeId,
    initialMembership: established.genesis,
    onFatal: host.onFatal,
    onEvent: (event) => logStorage(logger, event),
  });
  await endIfAborted(signal, () => storage.close());
  const retire = retirement(nodeId, {
    ...host,
    onRetired: (retirement) => {
      // Durable before the process ends, so that a restart knows it.
      if (retirement.kind === "copied" || retirement.kind === "dataLost") established.refuse(retirement.message);
      host.onRetired(retirement);
    },
  });
  const faults = protocolFaults({ logger, retire: () => retire("foreignHistory") });
  const checkAddress = addressWatch(config, (advice) => logger.warn({}, advice));
  // Everything is made before the peer port is opened, so whatever comes in finds all of it; nothing is sent before the node starts.
  const network: Network & SnapshotChannel = {
    send: (message) => transport.send(message),
    setPeers: (peers) => transport.setPeers(peers),
    sendChunk: (...chunk) => transport.sendChunk(...chunk),
  };
  const ports = { store: storage, channel: network, ...realTime };
  const snapshots: SnapshotTransfer = new SnapshotTransfer(transferOptions(config, peerTimeoutMs), ports, {
    currentTerm: () => service.position().term,
    leaderId: () => service.status().leaderId,
    onReceived: (received) => service.snapshotReceived(received),
    onEvent: ({ kind, ...fields }) => logger.info({ ...fields, transfer: kind }, "transfer of a snapshot"),
  });
  const service: KeyholdNode = new KeyholdNode(
    nodeOptions(config, established),
    { ...realTime, disk: storage, network, snapshots },
    {
      onRoleChanged: ({ role, term, leaderId }) => {
        logger.info({ role, term, leaderId }, "role changed");
        checkAddress(service.membership());
      },
      onRemoved: () => retire("removed"),
      onForeignInstance: () => retire("dataLost"),
      onProtocolFault: (fault) => faults.note(fault, performance.now()),
      onRequestFailed: (error) => logger.error({ err: error }, "a request failed, and its client got no answer"),
      onFatal: host.onFatal,
    },
  );
  const transport: HttpTransport = await openTransport(config, host, { established, retire, service, snapshots }).catch(
    async (error: unknown) => {
      await storage.close();
      throw error;
    },
  );
  const closePorts = async () => {
    await snapshots.close();
    await transport.close();
    await storage.close();
  };
  await endIfAborted(signal, closePorts);
  service.start();
  checkAddress(service.membership());
  const promiseEnd = setTimeout(established.promiseEnded, established.earlierPromiseMs);
  if (service.isRemoved(nodeId)) retire("removed");
  const close = async () => {
    clearTimeout(promiseEnd);
    await closePorts();
  };
  return { service, close, established, gauges: gaugesOf({ service, storage, transport, faults }) };
}

/** To be awaited after each step of a start: rejects with the reason of `signal` when it was aborted meanwhile, after `giveBack`. */
async function endIfAborted(signal: AbortSignal | undefined, giveBack: () => Promise<void>): Promise<void> {
  if (signal?.aborted !== true) return;
  await giveBack();
  throw signal.reason;
}

type Retire = (kind: NodeRetired["kind"], advice?: string) => void;

/** Opens the peer port for good: from here on the folder has taken part. */
async function openTransport(
  config: Config,
  { logger }: NodeHost,
  node: {
    readonly established: Established;
    readonly retire: Retire;
    readonly service: KeyholdNode;
    readonly snapshots: SnapshotTransfer;
  },
): Promise<HttpTransport> {
  const { established, retire, service, snapshots } = node;
  const { clusterId, nodeId } = established;
  const peerTimeoutMs = config.tickMs * config.electionTicks;
  established.begin();
  const refusedForGood = (by: string, code: string, detail: string) =>
    retire(refusalOf(code), refusedStartAdvice(nodeId, by, detail));
  return HttpTransport.open({
    clusterId,
    nodeId,
    self: established,
    listen: { host: config.peerHost, port: config.peerPort },
    peerTimeoutMs,
    bufferBytesMax: config.peerBufferBytesMax,
    access: accessOf(config),
    onMessage: (message) => service.receive(message),
    onUnreachable: (peer) => service.unreachable(peer),
    onSnapshotChunk: (from, header, chunk) => snapshots.receiveChunk(from, header, chunk),
    onEvent: transportLog(logger),
    ownUrl: () => service.ownAddress()?.peerUrl ?? null,
    isRemoved: (caller) => service.isRemoved(caller),
    ...createStartKeeper({
      nodeId,
      self: established,
      records: recordsIn(config.dataDir),
      nowMs: realTime.clock.monotonicMs,
      peerTimeoutMs,
      instanceOf: (id) => service.instanceOf(id),
      isMember: (id) => service.isMember(id),
      members: () => service.membership(),
      onRefused: (fields, message) => logger.warn(fields, message),
      onOutdated: (by, detail) => refusedForGood(by, "start_outdated" satisfies StartRefusalCode, detail),
    }),
    admissionsWanted: () => admissionsWanted(service.membership()),
    onAdmitted: established.admitted,
    onRefusedForGood: refusedForGood,
    onGenesis: () => {
      const view = service.genesis();
      return view === undefined ? undefined : { kind: "established", clusterId, ...view };
    },
  });
}

type OpenNode = {
  readonly service: KeyholdNode;
  readonly close: () => Promise<void>;
  readonly established: Established;
  readonly gauges: readonly NodeGauge[];
};

/** Reports to the host, once, that the node may not take part any more, with advice for the operator. */
function retirement(nodeId: string, host: NodeHost): Retire {
  let told = false;
  return (kind, advice) => {
    if (told) return;
    told = true;
    host.onRetired({ kind, message: retiredText(nodeId, kind, advice) });
  };
}

function retiredText(nodeId: string, kind: NodeRetired["kind"], advice: string | undefined): string {
  switch (kind) {
    case "removed":
      return `${nodeId} was removed from the cluster and stops; its id is not used again, and its data folder can be deleted`;
    case "dataLost":
      return lostDataAdvice(nodeId);
    case "foreignHistory":
      return foreignHistoryAdvice(nodeId);
    case "copied":
      return advice ?? `the data folder of ${nodeId} is a copy`;
    default:
      return unreachable(kind);
  }
}

/** The meaning of the code with which a member refused this node for good. */
function refusalOf(code: string): NodeRetired["kind"] {
  if (code === memberRemovedCode) return "removed";
  return code === ("instance_mismatch" satisfies StartRefusalCode) ? "dataLost" : "copied";
}

function transferOptions({ mapBytesMax }: Config, peerTimeoutMs: number): SnapshotTransferOptions {
  return {
    chunkBytesMax: sentChunkBytesMax,
    // A chunk waits for the receiver's disk, which may take longer than an election.
    chunkTimeoutMs: Math.max(5000, 10 * peerTimeoutMs),
    attemptsMax: 10,
    retryDelayMs: 500,
    failureDelayMsMax: 30_000,
    // At 4 MiB a second, which a full disk still reads, it is 3.5 GiB.
    transferMsMax: 15 * 60_000,
    idleMsMax: 60_000,
    // Rows take more room in the map than in chunks.
    receivedBytesMax: mapBytesMax,
    newTransferId: randomUUID,
  };
}

/** Settings, and beside them the bounds that only a measurement should change. */
function nodeOptions(config: Config, established: Established): NodeOptions {
  const budget = budgetOf(config);
  return {
    clusterId: established.clusterId,
    instanceId: established.instanceId,
    stateBytesMax: budget.stateBytesMax,
    // A watch that lags a little reads these from memory instead of the disk.
    recentBatchesMax: 10_000,
    recentBytesMax: 16 * MIB,
    driver: {
      raft: {
        id: established.nodeId,
        runId: established.runId,
        seed: randomInt(2 ** 31),
        tickMs: config.tickMs,
        electionTicks: config.electionTicks,
        heartbeatTicks: config.heartbeatTicks,
        messageBytesMax,
        inFlightMessagesMax: 256,
        inFlightBytesMax: 16 * MIB,
        uncommittedBytesMax: config.uncommittedBytesMax,
        // One turn's worth of apply: at some 100,000 entries a second it is a few milliseconds.
        applyBytesMax: MIB,
        applyLagEntriesMax: 100_000,
        promoteLagEntriesMax: 1000,
        leasePromiseMs: established.leasePromiseMs,
        earlierPromiseMs: established.earlierPromiseMs,
      },
      // The same on every node, because the state is hashed and compared.
      genesis: established.genesis,
      firstInstances: established.first,
      storeId: createHash("sha256").update(`store of ${established.clusterId}`).digest("hex").slice(0, 16),
      forwardBytesMax,
      renewalsPerCommandMax: renewalsMax,
      pendingProposalsMax: config.pendingProposalsMax,
      pendingBytesMax: config.pendingBytesMax,
      pendingReadsMax: config.pendingReadsMax,
      // Answers to an earlier run of this node must not match reads of this one (DECISIONS 9).
      firstReadId: randomInt(2 ** 40),
      readTicksMax: Math.ceil(config.electionTicks / 3),
      logEntriesMax: config.logEntriesMax,
      logEntriesKept: Math.floor(config.logEntriesMax / 2),
      logBytesMax: budget.logBytesMax,
      logBytesCeiling: budget.logBytesCeiling,
    },
  };
}

function storageOptions(config: Config) {
  return {
    directory: config.dataDir,
    mapSizeBytes: config.mapBytesMax,
    pinnedFileBytesMax: budgetOf(config).pinnedFileBytesMax,
    logCacheBytesMax: config.logCacheBytesMax,
  };
}

/** `config.ts` refuses settings that do not fit together. */
function budgetOf(config: Config): Budget {
  const budget = planBudget(config);
  assert(budget.ok, budget.ok ? "" : budget.error);
  return budget.value;
}

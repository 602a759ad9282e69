/**
 * This file forms a cluster with the other first members: it asks them, answers them, and carries out what `formation.ts` decides
 * (DECISIONS 20).
 */
import { setTimeout as delay } from "node:timers/promises";
import { unreachable } from "../base/assert.ts";
import type { Config } from "../config/config.ts";
import type { ConfigError } from "../config/values.ts";
import { type NodeId, toNodeId } from "../raft/types.ts";
import type { IdentityRecord } from "../storage/identity-file.ts";
import { askGenesis, type GenesisFailure, type InstanceSet } from "../transport/genesis.ts";
import { PeerServer } from "../transport/peer-server.ts";
import { accessOf } from "../transport/proof.ts";
import {
  beginFormation,
  decide,
  type Formation,
  type FormationPlan,
  genesisAnswerOf,
  heardFrom,
  lockedOn,
  missed,
  type Obstacle,
  waitingText,
} from "./formation.ts";

/** Where a start that waits writes what it waits for; pino's logger is one. */
export type BootstrapLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

/** This node must not take part, and starting it again cannot help. */
export class NotAdmitted extends Error {
  override readonly name = "NotAdmitted";
  readonly code = "notAdmitted";
}

/** The settings do not fit what the data folder has begun. `exitCode` as of a wrong setting. */
export class SettingContradicted extends Error {
  override readonly name = "SettingContradicted";
  readonly code = "settingContradicted";
  readonly exitCode: ConfigError["exitCode"];

  constructor({ message, exitCode }: Pick<ConfigError, "message" | "exitCode">) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Milliseconds between two questions: short, so that nodes that start together begin at once; longer when a node is started by hand. */
const askMs = 50;
const askMsLate = 250;
const lateAfterMs = 10_000;
const waitingLogMs = 5000;
/** Milliseconds before the first log line: longer than it takes to start a few processes. */
const firstLogMs = 3000;

/**
 * The folders with which the cluster begins, once all of them are bound to it. Waits for them without a time limit; `options.write` has
 * been called with what was decided, and this node's peer port is free again. Rejects with NotAdmitted, or with the reason of the
 * signal.
 */
export async function formCluster(
  config: Config,
  { standing, instanceId }: Pick<IdentityRecord, "instanceId"> & { readonly standing: Formation["standing"] },
  options: {
    readonly log: BootstrapLog;
    readonly signal: AbortSignal;
    readonly write: (change: Partial<IdentityRecord>) => void;
  },
): Promise<InstanceSet> {
  const { log, signal } = options;
  let formation = beginFormation(planOf(config, instanceId), standing);
  const others = config.members.filter(({ id }) => id !== config.nodeId);
  const server = others.length === 0 ? undefined : await answerOthers(config, () => genesisAnswerOf(formation), instanceId);
  const ended = new AbortController();
  const end = AbortSignal.any([ended.signal, signal]);
  const failures = new Map<NodeId, GenesisFailure>();
  try {
    return await new Promise<InstanceSet>((resolve, reject) => {
      const step = () => {
        for (;;) {
          const order = decide(formation);
          switch (order.kind) {
            case "wait":
              return;
            case "lock":
              // Durable when it returns; only then is it sent to another node.
              options.write({ standing: { kind: "locked", set: order.set } });
              formation = lockedOn(formation, order.set);
              break;
            case "open":
              resolve(order.set);
              return;
            case "refuse":
              reject(new NotAdmitted(order.message));
              return;
            default:
              unreachable(order);
          }
        }
      };
      const stepOrFail = () => {
        try {
          step();
        } catch (error) {
          reject(error);
        }
      };
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      signal.throwIfAborted();
      stepOrFail();
      for (const { id, peerUrl } of others) {
        const peer = toNodeId(id);
        const ask = async () => {
          const answer = await askGenesis(peerUrl, callerOf(config, peer));
          if (end.aborted) return;
          if (answer.ok) failures.delete(peer);
          else failures.set(peer, answer.error);
          formation = answer.ok ? heardFrom(formation, peer, answer.value) : missed(formation, peer);
          stepOrFail();
        };
        askAgainAndAgain(ask, end).catch(reject);
      }
      logWhileWaiting(() => {
        const order = decide(formation);
        if (order.kind !== "wait") return;
        const obstacles = order.obstacles.map((obstacle): Obstacle => {
          return failures.get(obstacle.id)?.kind === "unauthorized" ? { ...obstacle, why: "otherSecret" } : obstacle;
        });
        const lastErrors = [...failures].map(([id, { detail }]) => `${id}: ${detail}`).join("; ");
        log.warn(lastErrors === "" ? {} : { lastErrors }, waitingText(formation, obstacles));
      }, end).catch(reject);
    });
  } finally {
    ended.abort();
    await server?.close();
  }
}

/** The options of a call that `expected` must answer, or any node when null. */
export function callerOf(config: Config, expected: NodeId | null) {
  return {
    nodeId: toNodeId(config.nodeId),
    access: accessOf(config),
    timeoutMs: Math.max(1000, config.tickMs * config.electionTicks),
    expected,
  };
}

function planOf(config: Config, instanceId: string): FormationPlan {
  const members = config.members.map(({ id, peerUrl, apiUrl }) => ({ id: toNodeId(id), peerUrl, apiUrl }));
  return { self: toNodeId(config.nodeId), instanceId, clusterName: config.clusterName, members };
}

/** The peer port while the cluster forms: only questions about it are answered. */
function answerOthers(
  config: Config,
  genesisAnswer: () => ReturnType<typeof genesisAnswerOf>,
  instanceId: string,
): Promise<PeerServer> {
  return PeerServer.open({
    identity: {
      // No cluster has this id, so every stream is refused for now.
      clusterId: "forming",
      nodeId: toNodeId(config.nodeId),
      access: accessOf(config),
      self: { instanceId, start: 1, runId: "forming", ancestors: [], forgotten: 0 },
    },
    listen: { host: config.peerHost, port: config.peerPort },
    headersTimeoutMs: Math.ceil(config.tickMs * config.electionTicks),
    ownUrl: () => config.members.find(({ id }) => id === config.nodeId)?.peerUrl ?? null,
    onMessage: () => null,
    onSnapshotChunk: () => Promise.resolve({ kind: "refused", reason: "starting" }),
    isRemoved: () => false,
    admit: () => ({ kind: "refused", forGood: false, code: "starting", detail: "this node has no cluster yet" }),
    onGenesis: genesisAnswer,
    onOpened: () => undefined,
    onClosed: () => undefined,
    onRefused: () => undefined,
  });
}

async function askAgainAndAgain(ask: () => Promise<void>, end: AbortSignal): Promise<void> {
  const beganMs = performance.now();
  while (!end.aborted) {
    await ask();
    await pause(performance.now() - beganMs < lateAfterMs ? askMs : askMsLate, end);
  }
}

async function logWhileWaiting(write: () => void, end: AbortSignal): Promise<void> {
  await pause(firstLogMs, end);
  while (!end.aborted) {
    write();
    await pause(waitingLogMs, end);
  }
}

async function pause(ms: number, end: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: end }).catch(() => undefined);
}

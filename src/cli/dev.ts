/**
 * This file is `keyhold dev`: a whole cluster on this machine for trying things out. Every node is a process of its own with a
 * folder of its own, exactly as in production, with this process as supervisor.
 */
import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";
import { at } from "../base/at.ts";
import { devDataAdvice } from "./dev-data.ts";
import { DevNode } from "./dev-node.ts";
import { devPeerSecret } from "./dev-secret.ts";
import { describeTakenPort, isPortFree } from "./ports.ts";

const host = "127.0.0.1";
const readyMsMax = 60_000;
const readyPollMs = 50;
const restartDelayMs = 3000;
/** A node that ends within so many ms after its start is not started again, because it would only end again. */
const restartAgeMsMin = 5000;

/** The flags of `keyhold dev`. */
export type DevOptions = {
  readonly nodes: number;
  readonly dataDir: string;
  /** Node i: API on basePort + i, peers on basePort + 100 + i. */
  readonly basePort: number;
  readonly logLevel: string;
};

/** Settles with the exit code once every node has ended: after Ctrl-C or SIGTERM, or because the cluster did not start. */
export async function runDev(options: DevOptions): Promise<number> {
  const plans = planNodes(options, peerSecretOf(options));
  const otherData = devDataAdvice(options.dataDir, plans);
  if (otherData !== undefined) {
    console.error(`keyhold: ${otherData}`);
    return 2;
  }
  for (const port of plans.flatMap((plan) => [plan.apiPort, plan.peerPort])) {
    if (await isPortFree(host, port)) continue;
    console.error(
      `keyhold: ${describeTakenPort(port)}; choose others, and other data: --base-port and --data-dir, or make run BASE_PORT=8000 DATA=/tmp/k (now ${options.basePort})`,
    );
    return 1;
  }
  const stop = stopSignal();
  const nodes = plans.map((plan) => new DevNode(plan));
  const started = Date.now();
  let goesOn = "; the same command goes on with it";
  try {
    const failure = await untilReady(nodes, stop);
    if (failure !== undefined) {
      console.error(`keyhold: ${failure}; its last lines above say why`);
      goesOn = "";
      return 1;
    }
    if (!stop.aborted) {
      announce(nodes, options, Date.now() - started);
      await Promise.all(nodes.map((node) => supervise(node, stop)));
    }
    return 0;
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    console.log(`All nodes have stopped. Their data is in ${options.dataDir}${goesOn}.`);
  }
}

/** The variable with the peer secret; none when this process's environment has it, which the nodes inherit. */
function peerSecretOf({ dataDir }: DevOptions): Record<string, string> {
  const given = ["KEYHOLD_PEER_SECRET", "KEYHOLD_PEER_SECRET_FILE"].some((name) => process.env[name] !== undefined);
  // Not as a flag: `ps` shows flags to everybody.
  return given ? {} : { KEYHOLD_PEER_SECRET: devPeerSecret(dataDir) };
}

function planNodes(options: DevOptions, peerSecret: Record<string, string>) {
  const ports = Array.from({ length: options.nodes }, (_, index) => ({
    id: `n${index + 1}`,
    apiPort: options.basePort + index + 1,
    peerPort: options.basePort + 100 + index + 1,
  }));
  const members = ports.map(({ id, apiPort, peerPort }) => `${id}=http://${host}:${peerPort}|http://${host}:${apiPort}`);
  return ports.map(({ id, apiPort, peerPort }) => ({
    id,
    apiPort,
    peerPort,
    apiUrl: `http://${host}:${apiPort}`,
    peerUrl: `http://${host}:${peerPort}`,
    environment: {
      KEYHOLD_NODE_ID: id,
      KEYHOLD_DATA_DIR: `${options.dataDir}/${id}`,
      KEYHOLD_API_HOST: host,
      KEYHOLD_API_PORT: String(apiPort),
      KEYHOLD_PEER_HOST: host,
      KEYHOLD_PEER_PORT: String(peerPort),
      KEYHOLD_INITIAL_CLUSTER: members.join(","),
      ...peerSecret,
      KEYHOLD_LOG_FORMAT: "text",
      KEYHOLD_LOG_LEVEL: options.logLevel,
    },
  }));
}

/** Aborts at the first SIGINT or SIGTERM. The nodes are in their own process groups, so a Ctrl-C reaches only us. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let signals = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      signals += 1;
      if (signals === 1) controller.abort();
      // The nodes notice that their parent is gone, and stop by themselves.
      else process.exit(1);
    });
  }
  return controller.signal;
}

/** Undefined once every node serves (or `stop` aborted), else why it does not. */
async function untilReady(nodes: readonly DevNode[], stop: AbortSignal): Promise<string | undefined> {
  const deadline = Date.now() + readyMsMax;
  for (const node of nodes) {
    while (!stop.aborted && !(await node.isReady())) {
      const ended = nodes.find((other) => other.hasEnded);
      if (ended !== undefined) return `${ended.id} ended before the cluster was ready (${ended.ending})`;
      if (Date.now() > deadline) return `${node.id} was not ready within ${readyMsMax / 1000} s`;
      await delay(readyPollMs);
    }
  }
  return undefined;
}

/** Keeps one node alive until `stop`, so that a killed node comes back and can be watched catching up. */
async function supervise(node: DevNode, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await node.untilEnd(stop);
    if (stop.aborted) return;
    if (node.ageMs < restartAgeMsMin) {
      console.error(`keyhold: ${node.id} ended again (${node.ending}) and stays down; the others go on`);
      return;
    }
    console.log(`keyhold: ${node.id} ended (${node.ending}); it starts again in ${restartDelayMs / 1000} s`);
    await delay(restartDelayMs, undefined, { signal: stop }).catch(() => undefined);
    if (!stop.aborted) node.start();
  }
}

function announce(nodes: readonly DevNode[], options: DevOptions, tookMs: number): void {
  const first = at(nodes, 0).apiUrl;
  const last = at(nodes, nodes.length - 1).apiUrl;
  const bold = (text: string) => (process.stdout.isTTY ? styleText("bold", text) : text);
  const lines = [
    "",
    bold(`Keyhold is ready: ${nodes.length} nodes in ${(tookMs / 1000).toFixed(1)} s. Data is kept in ${options.dataDir}.`),
    "",
    ...nodes.map((node) => `  ${node.id}  ${node.apiUrl}  (process ${node.pid})`),
    "",
    "Three commands to try; any node answers any of them:",
    "",
    `  curl -X PUT ${first}/v1/config/app/color -H 'content-type: application/json' -d '"green"'`,
    `  curl ${last}/v1/config/app/color`,
    `  curl -X POST ${first}/v1/locks/deploy/acquire -H 'content-type: application/json' -d '{"ttlMs":30000,"owner":"me"}'`,
    "",
    `Kill a node (kill -9 <process>) and go on using the others; it starts again in ${restartDelayMs / 1000} s. Ctrl-C stops all of them.`,
    "",
  ];
  console.log(lines.join("\n"));
}

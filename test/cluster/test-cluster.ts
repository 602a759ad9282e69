/**
 * This file starts clusters of real processes on loopback, each node with a data folder of its own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at } from "../../src/base/at.ts";
import { freePorts } from "./ports.ts";
import { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

/** How the processes of a cluster are started. */
export type ClusterOptions = {
  /** How many nodes; default 3. */
  readonly nodes?: number;
  /** Settings on top of the defaults, for every node. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: a temporary folder. */
  readonly dataDir?: string;
  /** Whether the data stays at the end; default no. */
  readonly keepData?: boolean;
};

/** A node on its way into the cluster. */
export type Newcomer = {
  readonly node: TestNode;
  readonly member: { readonly id: string; readonly peerUrl: string; readonly apiUrl: string };
};

const leaderMsMax = 10_000;
/** Known to all nodes of all test clusters, unless a test says otherwise. */
export const testPeerSecret = "known-to-all-nodes-of-the-test-clusters";

/** A running cluster; disposing it ends every process and removes its data. */
export class TestCluster {
  readonly nodes: readonly TestNode[];
  /** Where each node listens for the others, in the same order. */
  readonly peerUrls: readonly string[];
  readonly #joined: TestNode[] = [];
  /** To be removed at the end; undefined when the data stays. */
  readonly #folder: string | undefined;

  private constructor(nodes: readonly TestNode[], peerUrls: readonly string[], folder: string | undefined) {
    this.nodes = nodes;
    this.peerUrls = peerUrls;
    this.#folder = folder;
  }

  /** Settles once every node serves. */
  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), "keyhold-test-"));
    const { nodes, peerUrls } = await planNodes(options, folder);
    const cluster = new TestCluster(nodes, peerUrls, options.keepData === true ? undefined : folder);
    try {
      await cluster.startAll();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get urls(): readonly string[] {
    return this.nodes.map((node) => node.apiUrl);
  }

  /** A node that is not a member yet, and what the cluster is told to make it one. It has an empty folder and does not run. */
  async newcomer(id: string): Promise<Newcomer> {
    const [apiPort = 0, peerPort = 0] = await freePorts(2);
    const dataDir = join(at(this.nodes, 0).dataDir, "..", id);
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const environment = {
      KEYHOLD_NODE_ID: id,
      KEYHOLD_DATA_DIR: dataDir,
      KEYHOLD_API_PORT: String(apiPort),
      KEYHOLD_PEER_PORT: String(peerPort),
      KEYHOLD_JOIN: this.peerUrls.join(","),
      KEYHOLD_PEER_SECRET: testPeerSecret,
      KEYHOLD_LOG_LEVEL: "info",
    };
    const node = new TestNode({ id, apiUrl, dataDir, environment });
    this.#joined.push(node);
    return { node, member: { id, peerUrl: `http://127.0.0.1:${peerPort}`, apiUrl } };
  }

  /** A node under the id of `node`, on ports and a folder of its own; it does not run, and its folder is not there. */
  async twinOf(node: TestNode): Promise<TestNode> {
    const [apiPort = 0, peerPort = 0] = await freePorts(2);
    const dataDir = `${node.dataDir}.twin`;
    const twin = node.with({
      apiUrl: `http://127.0.0.1:${apiPort}`,
      dataDir,
      environment: { KEYHOLD_DATA_DIR: dataDir, KEYHOLD_API_PORT: String(apiPort), KEYHOLD_PEER_PORT: String(peerPort) },
    });
    this.#joined.push(twin);
    return twin;
  }

  /** Starts the nodes that do not run, and waits until all serve. */
  async startAll(): Promise<void> {
    for (const node of this.nodes) if (!node.isRunning) node.start();
    await Promise.all(this.nodes.map((node) => node.untilReady()));
  }

  /** The node that leads, by its own word; `except` is not asked. */
  async leader(except?: TestNode): Promise<TestNode> {
    return until("a node leads", leaderMsMax, async () => {
      for (const node of this.nodes) {
        if (node === except || !node.isRunning) continue;
        if ((await roleOf(node)) === "leader") return node;
      }
      return undefined;
    });
  }

  /** Some node that does not lead. */
  async follower(): Promise<TestNode> {
    const leader = await this.leader();
    return at(
      this.nodes.filter((node) => node !== leader && node.isRunning),
      0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = [...this.nodes, ...this.#joined];
    for (const node of nodes) node.resume();
    await Promise.all(nodes.map((node) => node.kill()));
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function planNodes(
  options: ClusterOptions,
  folder: string,
): Promise<{ readonly nodes: readonly TestNode[]; readonly peerUrls: readonly string[] }> {
  const count = options.nodes ?? 3;
  const ports = await freePorts(2 * count);
  const addresses = Array.from({ length: count }, (_, index) => ({
    id: `n${index + 1}`,
    apiPort: at(ports, 2 * index),
    peerPort: at(ports, 2 * index + 1),
  }));
  const members = addresses.map((a) => `${a.id}=http://127.0.0.1:${a.peerPort}|http://127.0.0.1:${a.apiPort}`).join(",");
  const nodes = addresses.map(
    ({ id, apiPort, peerPort }) =>
      new TestNode({
        id,
        apiUrl: `http://127.0.0.1:${apiPort}`,
        dataDir: join(folder, id),
        environment: {
          KEYHOLD_NODE_ID: id,
          KEYHOLD_DATA_DIR: join(folder, id),
          KEYHOLD_API_PORT: String(apiPort),
          KEYHOLD_PEER_PORT: String(peerPort),
          KEYHOLD_INITIAL_CLUSTER: members,
          KEYHOLD_PEER_SECRET: testPeerSecret,
          KEYHOLD_LOG_LEVEL: "info",
          ...options.environment,
        },
      }),
  );
  return { nodes, peerUrls: addresses.map(({ peerPort }) => `http://127.0.0.1:${peerPort}`) };
}

async function roleOf(node: TestNode): Promise<unknown> {
  try {
    const response = await fetch(`${node.apiUrl}/v1/cluster`, { signal: AbortSignal.timeout(1000) });
    const status: unknown = await response.json();
    return typeof status === "object" && status !== null && "role" in status ? status.role : undefined;
  } catch {
    // Down, or frozen.
    return undefined;
  }
}

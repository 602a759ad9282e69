/**
 * This file upgrades a cluster of real processes node by node, while it is written to, from the build under test to a copy
 * of it that supports one cluster version more.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createClient, type KeyholdClient } from "../../openapi/client/index.ts";
import { clusterVersionSupported } from "../../src/machine/versions.ts";
import { call, RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import { keyholdMain, projectRoot, type TestNode } from "./test-node.ts";
import { until } from "./until.ts";

const older = clusterVersionSupported;
const newer = older + 1;
const refusal = `the cluster has moved on to version ${newer} and this software supports versions up to ${older}: start this node with the software that the others run`;
const waitMsMax = 10_000;

/** The build with the newer version; its `main` starts it. */
class NewerBuild implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "keyhold-newer-"));
  readonly main = join(this.#folder, "dist/src/cli/main.js");

  constructor() {
    const root = projectRoot();
    cpSync(join(root, "dist"), join(this.#folder, "dist"), { recursive: true });
    for (const name of ["node_modules", "openapi", "package.json"]) symlinkSync(join(root, name), join(this.#folder, name));
    const file = join(this.#folder, "dist/src/machine/versions.js");
    const parts = readFileSync(file, "utf8").split(`clusterVersionSupported = ${older};`);
    expect(parts).toHaveLength(2);
    writeFileSync(file, parts.join(`clusterVersionSupported = ${newer};`));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Writes one key after the other, each until it is acknowledged. */
class LightWriter implements AsyncDisposable {
  /** The keys that were acknowledged, in order. */
  readonly keys: string[] = [];
  /** Of the last one. */
  revision = 0;
  readonly failures: unknown[] = [];
  readonly #caller: RotatingCaller;
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(urls: readonly string[]) {
    this.#caller = new RotatingCaller(urls, 0);
    this.#running = this.#run();
  }

  /** Settles when `count` more writes were acknowledged. */
  async more(count: number): Promise<void> {
    const wanted = this.keys.length + count;
    await until(`${count} more writes`, waitMsMax, () => (this.keys.length >= wanted ? true : undefined));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    try {
      for (let index = 0; !this.#stopped; index += 1) {
        const key = `upgrade/${String(index).padStart(6, "0")}`;
        const reply = await this.#caller.repeat({ method: "PUT", path: `/v1/config/${key}`, json: index }, waitMsMax);
        if (reply.status !== 200 && reply.status !== 201) throw new Error(`${key} answered ${JSON.stringify(reply)}`);
        this.keys.push(key);
        this.revision = reply.revision;
      }
    } catch (error) {
      this.failures.push(error);
    }
  }
}

async function statusOf(node: TestNode): Promise<Readonly<Record<string, unknown>>> {
  return until(`${node.id} answers`, waitMsMax, async () => (await call(node.apiUrl, { path: "/v1/cluster" }))?.body);
}

/** By the word of each node. */
async function clusterVersions(cluster: TestCluster): Promise<readonly unknown[]> {
  return Promise.all(cluster.nodes.map(async (node) => (await statusOf(node))["clusterVersion"]));
}

/** Settles when the members have said, by the word of `node`, that they support these versions. */
async function untilSupported(node: TestNode, supported: readonly number[]): Promise<void> {
  await until(`${supported} are supported`, waitMsMax, async () => {
    const members = (await statusOf(node))["members"] as readonly { readonly version: number | null }[];
    return String(members.map(({ version }) => version)) === String(supported) ? true : undefined;
  });
}

function clientOf(nodes: readonly TestNode[]): KeyholdClient & Disposable {
  const client = createClient({ endpoints: nodes.map((node) => node.apiUrl) });
  return { ...client, [Symbol.dispose]: client.close };
}

/** Every key that `node` itself holds, once it has reached `revision`. */
async function keysOn(node: TestNode, revision: number): Promise<readonly string[]> {
  using client = clientOf([node]);
  const list = { prefix: "upgrade/", limit: 1000, keysOnly: true, consistency: "stale", minRevision: revision } as const;
  const keys: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await client.config.list(cursor === null ? list : { ...list, cursor });
    if (!page.ok) throw new Error(page.error.detail);
    keys.push(...page.value.items.map(({ key }) => key));
    cursor = page.value.cursor;
  } while (cursor !== null);
  return keys;
}

test("a rolling upgrade loses no write, raises the cluster version with the last node, and locks the old software out", async () => {
  using build = new NewerBuild();
  await using cluster = await TestCluster.start();
  await using writer = new LightWriter(cluster.urls);
  const [first, second, third] = cluster.nodes as [TestNode, TestNode, TestNode];
  await untilSupported(first, [older, older, older]);
  for (const { node, main, supported } of [
    { node: first, main: build.main, supported: [newer, older, older] },
    // There is a way back as long as one of the others is older.
    { node: first, main: keyholdMain, supported: [older, older, older] },
    { node: first, main: build.main, supported: [newer, older, older] },
    { node: second, main: build.main, supported: [newer, newer, older] },
    { node: third, main: build.main, supported: [newer, newer, newer] },
  ]) {
    await writer.more(50);
    expect(await clusterVersions(cluster)).toEqual([older, older, older]);
    expect(await node.stop()).toBe(0);
    await writer.more(10);
    node.start(main);
    await node.untilReady();
    await untilSupported(node, supported);
  }
  await until("the cluster version has risen everywhere", waitMsMax, async () => {
    return (await clusterVersions(cluster)).every((version) => version === newer) ? true : undefined;
  });
  await writer.more(50);

  // Who joins with the old software meets the version in the log; a member finds it in its own state.
  const { node: fourth, member } = await cluster.newcomer("n4");
  using client = clientOf(cluster.nodes);
  fourth.start();
  expect((await client.cluster.addLearner(member)).ok).toBe(true);
  expect(await fourth.untilEnded(waitMsMax)).toBe(78);
  expect(fourth.output).toContain(`\nkeyhold: stopping: ${refusal}\n`);
  expect((await client.cluster.remove("n4")).ok).toBe(true);
  expect(await first.stop()).toBe(0);
  first.start();
  expect(await first.untilEnded(waitMsMax)).toBe(78);
  expect(first.output).toContain(`\nkeyhold: ${refusal}\n`);
  first.start(build.main);
  await first.untilReady();

  await writer.stop();
  expect(writer.failures).toEqual([]);
  for (const node of cluster.nodes) expect(await keysOn(node, writer.revision)).toEqual(writer.keys);
});

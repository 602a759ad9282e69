/**
 * This file watches the memory of a cluster's processes while something happens: what belongs to each process itself,
 * without the mapped file, and what the kernel holds of this machine's sockets (Linux).
 */
import { readFileSync } from "node:fs";
import { at } from "../../src/base/at.ts";
import { call } from "../cluster/rest.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";
import type { TestNode } from "../cluster/test-node.ts";

/** Bytes of a mebibyte. */
export const MIB = 1024 * 1024;
const sampleMs = 100;

/** MiB of one node. */
export type MemoryUse = { readonly node: string; readonly before: number; readonly most: number; readonly after: number };

/** The most memory that each process of a cluster took, and how often the term changed. */
export type ClusterUse = {
  readonly memoryMib: readonly MemoryUse[];
  /** The most that the kernel held of all sockets of this machine, both ends of a loopback connection counted. */
  readonly kernelSocketMibMost: number;
  readonly terms: number;
};

/** What the nodes use while `work` runs. Garbage is counted as long as nobody has collected it. */
export async function measureUse<Result>(
  cluster: TestCluster,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly use: ClusterUse }> {
  const { nodes } = cluster;
  const termBefore = await termOf(nodes);
  const before = nodes.map(anonymousMib);
  const most = [...before];
  let kernelMost = 0;
  const timer = setInterval(() => {
    for (const [index, node] of nodes.entries()) most[index] = Math.max(at(most, index), anonymousMib(node));
    kernelMost = Math.max(kernelMost, kernelSocketMib());
  }, sampleMs);
  try {
    const result = await work();
    const memoryMib = nodes.map((node, index) => ({
      node: node.id,
      before: Math.round(at(before, index)),
      most: Math.round(at(most, index)),
      after: Math.round(anonymousMib(node)),
    }));
    return { result, use: { memoryMib, kernelSocketMibMost: Math.round(kernelMost), terms: (await termOf(nodes)) - termBefore } };
  } finally {
    clearInterval(timer);
  }
}

/** Memory of the process that is not backed by a file. */
export function anonymousMib(node: TestNode): number {
  return field(readFileSync(`/proc/${node.pid}/status`, "utf8"), /^RssAnon:\s+(\d+) kB$/m) / 1024;
}

function kernelSocketMib(): number {
  const pageBytes = 4096;
  return (field(readFileSync("/proc/net/sockstat", "utf8"), /^TCP: .* mem (\d+)$/m) * pageBytes) / MIB;
}

function field(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

async function termOf(nodes: readonly TestNode[]): Promise<number> {
  const reply = await call(at(nodes, 0).apiUrl, { path: "/v1/cluster", timeoutMs: 10_000 });
  return Number(reply?.body["term"]);
}

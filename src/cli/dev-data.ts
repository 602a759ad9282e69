/**
 * This file checks the data of an earlier `keyhold dev` before nodes are started on it: members keep the addresses and the number
 * that they began with, so with others the nodes would wait for each other for ever.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type FolderSummary, folderSummary } from "../bootstrap/folder-summary.ts";

/** Why the nodes could not use the data, and what to do; undefined when they can, or when there is none. */
export function devDataAdvice(
  dataDir: string,
  plans: readonly { readonly id: string; readonly apiUrl: string; readonly peerUrl: string }[],
): string | undefined {
  for (const { nodeId, nodes, address } of summariesIn(dataDir)) {
    const plan = plans.find(({ id }) => id === nodeId);
    const isSame = address === undefined || (address.apiUrl === plan?.apiUrl && address.peerUrl === plan.peerUrl);
    if (nodes === plans.length && isSame) continue;
    const basePort = address === undefined ? undefined : basePortOf(nodeId, address.apiUrl);
    const before = `${nodes} ${nodes === 1 ? "node" : "nodes"}${basePort === undefined ? "" : ` with base port ${basePort}`}`;
    const flags = `--nodes ${nodes}${basePort === undefined ? "" : ` --base-port ${basePort}`}`;
    const variables = `NODES=${nodes}${basePort === undefined ? "" : ` BASE_PORT=${basePort}`}`;
    return (
      `the data in ${dataDir} is of ${before}, and members keep their number and addresses. Go on with it: ${flags} (make run ${variables}); ` +
      "or begin another cluster in another folder: --data-dir (make run DATA=...)"
    );
  }
  return undefined;
}

/** Folders that are damaged or of another version are left to their nodes, which report it. */
function summariesIn(dataDir: string): readonly FolderSummary[] {
  try {
    const folders = readdirSync(dataDir, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && /^n\d$/.test(entry.name),
    );
    return folders.flatMap(({ name }) => {
      try {
        return folderSummary(join(dataDir, name)) ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function basePortOf(nodeId: string, apiUrl: string): number | undefined {
  const port = Number(URL.canParse(apiUrl) ? new URL(apiUrl).port : 0) - Number(nodeId.slice(1));
  return Number.isSafeInteger(port) && port > 0 ? port : undefined;
}

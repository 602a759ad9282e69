/**
 * This file compares where a node listens with where its cluster looks for it: a member keeps the addresses that it came with, so a node
 * that is started at others is reached by nobody, and hears nothing that would tell why.
 */
import { isIP } from "node:net";
import { own } from "./base/own.ts";
import { type Config, isLoopback } from "./config.ts";
import type { MemberAddress, Membership } from "./raft/types.ts";

type Settings = Pick<Config, "nodeId" | "initialCluster" | "members" | "peerHost" | "peerPort" | "apiHost" | "apiPort">;

/**
 * What differs, and the way out, for who runs the node; undefined when others reach it as far as can be told from here. `known` is its
 * address in the membership. Behind a wildcard or a name anything may lead here, so only what is certain or likely is said.
 */
export function addressAdvice(settings: Settings, known: MemberAddress): string | undefined {
  const { nodeId, initialCluster, members } = settings;
  const named = initialCluster === "" ? undefined : members.find(({ id }) => id === nodeId);
  const differs = named === undefined ? listensElsewhere(settings, known) : namedElsewhere(named, known);
  if (differs === undefined) return undefined;
  return (
    `the cluster knows ${nodeId} at ${differs}: other nodes do not reach it there, and it may never find a leader. A member keeps its ` +
    "addresses: start this node with the old ones, or, to move it, add a node under a new id and put it in its place (POST /v1/cluster/members, " +
    "then /replace)"
  );
}

function namedElsewhere(named: MemberAddress, known: MemberAddress): string | undefined {
  for (const [what, url, old] of [
    ["peer", named.peerUrl, known.peerUrl],
    ["API", named.apiUrl, known.apiUrl],
  ] as const) {
    if (originOf(url) !== originOf(old)) return `the ${what} address ${old}, and its settings (initialCluster) name ${url}`;
  }
  return undefined;
}

function listensElsewhere({ peerHost, peerPort, apiHost, apiPort }: Settings, known: MemberAddress): string | undefined {
  for (const [what, host, port, old] of [
    ["peer", peerHost, peerPort, known.peerUrl],
    ["API", apiHost, apiPort, known.apiUrl],
  ] as const) {
    if (isUnreachable({ host, port }, old)) return `the ${what} address ${old}, and it listens on ${host}, port ${port}`;
  }
  return undefined;
}

/** Whether a call to `url` surely or likely misses who listens on `host` and `port`. */
export function isUnreachable({ host, port }: { readonly host: string; readonly port: number }, url: string): boolean {
  if (!URL.canParse(url)) return false;
  const called = new URL(url);
  const calledHost = called.hostname.replace(/^\[|\]$/g, "");
  if (isLoopback(host) !== isLoopback(calledHost)) return isLoopback(host);
  // Port 0 is whatever the system chose.
  const isSameHost = isLoopback(host) || host === calledHost;
  if (isSameHost) return port !== 0 && port !== Number(called.port || 80);
  return isIP(host) !== 0 && isIP(calledHost) !== 0 && !wildcards.includes(host);
}

const wildcards: readonly string[] = ["0.0.0.0", "::"];

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

/** Tells `warn` what is wrong with the address in a membership, once, and again when it is something else. */
export function addressWatch(
  settings: Settings,
  warn: (message: string) => void,
): (membership: Pick<Membership, "addresses">) => void {
  let told: string | undefined;
  return ({ addresses }) => {
    const known = own(addresses, settings.nodeId);
    // Nobody calls the only member.
    const isCalled = known !== undefined && Object.keys(addresses).length > 1;
    const advice = isCalled ? addressAdvice(settings, known) : undefined;
    if (advice !== undefined && advice !== told) warn(advice);
    told = advice;
  };
}

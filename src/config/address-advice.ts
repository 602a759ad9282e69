/**
 * This file compares where a node listens with the addresses that its cluster has for it: a member keeps the addresses that it began
 * with, so a node that is started at others is not reached, and receives nothing that would show why.
 */
import { isIP } from "node:net";
import { own } from "../base/own.ts";
import type { MemberAddress, Membership } from "../raft/types.ts";
import { type Config, isLoopback } from "./config.ts";

type Settings = Pick<Config, "nodeId" | "initialCluster" | "members" | "peerHost" | "peerPort" | "apiHost" | "apiPort">;

/**
 * Advice for the operator: what differs, and what to do. Undefined when the addresses may fit. `known` is the node's
 * address in the membership. A wildcard or a host name may lead here from anywhere, so only what is certain or likely is reported.
 */
export function addressAdvice(settings: Settings, known: MemberAddress): string | undefined {
  const { nodeId, initialCluster, members } = settings;
  const named = initialCluster === "" ? undefined : members.find(({ id }) => id === nodeId);
  const differs = named === undefined ? listensElsewhere(settings, known) : namedElsewhere(named, known);
  if (differs === undefined) return undefined;
  const { what, text } = differs;
  return (
    `the cluster knows ${nodeId} at the ${what} address ${text}: ${missing[what]}. A member keeps its ` +
    "addresses: start this node with the old ones, or, to move it, add a node under a new id and put it in its place (POST /v1/cluster/members, " +
    "then /replace)"
  );
}

type Difference = { readonly what: keyof typeof missing; readonly text: string };

/** What does not work while others call the wrong address. */
const missing = {
  peer: "other nodes do not reach it there, and it may never find a leader",
  API: "other nodes do not reach its API there, and cannot pass changes of the members on to it while it leads",
} as const;

function namedElsewhere(named: MemberAddress, known: MemberAddress): Difference | undefined {
  for (const [what, url, old] of [
    ["peer", named.peerUrl, known.peerUrl],
    ["API", named.apiUrl, known.apiUrl],
  ] as const) {
    if (originOf(url) !== originOf(old)) return { what, text: `${old}, and its settings (initialCluster) name ${url}` };
  }
  return undefined;
}

function listensElsewhere({ peerHost, peerPort, apiHost, apiPort }: Settings, known: MemberAddress): Difference | undefined {
  for (const [what, host, port, old] of [
    ["peer", peerHost, peerPort, known.peerUrl],
    ["API", apiHost, apiPort, known.apiUrl],
  ] as const) {
    if (isUnreachable({ host, port }, old)) return { what, text: `${old}, and it listens on ${host}, port ${port}` };
  }
  return undefined;
}

/** Whether a call to `url` certainly or probably does not reach a listener on `host` and `port`. */
export function isUnreachable({ host, port }: { readonly host: string; readonly port: number }, url: string): boolean {
  if (!URL.canParse(url)) return false;
  const called = new URL(url);
  const calledHost = hostOf(url);
  if (isLoopback(host) !== isLoopback(calledHost)) return isLoopback(host);
  // With port 0 the system chose the port.
  const isSameHost = isLoopback(host) || host === calledHost;
  if (isSameHost) return port !== 0 && port !== Number(called.port || 80);
  return isIP(host) !== 0 && isIP(calledHost) !== 0 && !wildcards.includes(host);
}

const wildcards: readonly string[] = ["0.0.0.0", "::"];

/** The host of a URL, an IPv6 address without its brackets. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

/**
 * Advice on settings with which other nodes may not reach this one, before it is started; undefined when there is none. Not an error: a
 * proxy beside the node may forward calls.
 */
export function reachAdvice(settings: Settings & Pick<Config, "joinUrls">): string | undefined {
  const { nodeId, members, joinUrls, peerHost, peerPort, apiHost, apiPort } = settings;
  const named = members.length > 1 ? members.find(({ id }) => id === nodeId) : undefined;
  for (const [what, variable, host, port, url] of [
    ["peer", "KEYHOLD_PEER_HOST", peerHost, peerPort, named?.peerUrl],
    ["API", "KEYHOLD_API_HOST", apiHost, apiPort, named?.apiUrl],
  ] as const) {
    if (url !== undefined && isUnreachable({ host, port }, url)) {
      return (
        `other nodes are told to call ${nodeId} at the ${what} address ${url}, but it listens on ${host}, port ${port}: unless something passes ` +
        `that on, nobody reaches it. Set ${variable} and its port to where the address leads`
      );
    }
    if (isLoopback(host) && joinUrls.some((join) => !isLoopback(hostOf(join)))) {
      return (
        `${nodeId} joins members on other machines, and its ${what} port listens on ${host} only: unless something passes their calls on, they do not ` +
        `reach it. Set ${variable} to this machine's address`
      );
    }
  }
  return undefined;
}

/** As `addressAdvice`, with the node's address in a membership; undefined when it is the only member. */
export function adviceFor(settings: Settings, { addresses }: Pick<Membership, "addresses">): string | undefined {
  const known = own(addresses, settings.nodeId);
  // Nobody calls the only member.
  return known !== undefined && Object.keys(addresses).length > 1 ? addressAdvice(settings, known) : undefined;
}

/** Returns a check of a membership that calls `warn` with its advice, once for each different advice. */
export function addressWatch(
  settings: Settings,
  warn: (message: string) => void,
): (membership: Pick<Membership, "addresses">) => void {
  let told: string | undefined;
  return ({ addresses }) => {
    const advice = adviceFor(settings, { addresses });
    if (advice !== undefined && advice !== told) warn(advice);
    told = advice;
  };
}

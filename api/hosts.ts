/**
 * This file decides under which names a request may address this node (DECISIONS 29). A browser that was led here under another name
 * (DNS rebinding) sends that name in `Host`, and the origin of its page in `Origin`: other names than this node's are refused.
 */
import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "../src/base/result.ts";
import { invalidRequest, misdirectedRequest, originNotAllowed, type Problem } from "./contract/problem.ts";

/** The names of this node besides the addresses of its connections. */
export type HostRules = {
  /** Configured names, `name` (any port) or `name:port`. */
  readonly names: readonly string[];
  /** This node's URL in the membership; undefined while it is no member. Called when no other rule fits. */
  readonly ownUrl: () => string | undefined;
};

/** A problem for a request whose `Host` or `Origin` is not this node's; null when it may pass. */
export type HostCheck = (request: IncomingMessage) => Problem | null;

/** `host` and `port` as a URL would have them: lower case, IPv6 in brackets; the port empty when none is named. */
type Authority = { readonly host: string; readonly port: string };

/** Makes the check for one node. */
export function createHostCheck(rules: HostRules): HostCheck {
  const names = rules.names.map(parseAuthority).filter((name) => name !== undefined);
  return (request) => {
    const text = request.headers.host;
    // No browser leaves it out; it is not part of HTTP/1.0, which old health checks use.
    if (text === undefined && request.httpVersion === "1.0") return null;
    const authority = checkHost(request);
    if (!authority.ok) return authority.error;
    const own = parseUrl(rules.ownUrl);
    const isOurs = (asked: Authority, isNamed: (asked: Authority) => boolean): boolean =>
      isNamed(asked) || isWhereItArrived(asked, request) || isSame(asked, own());
    const host = authority.value;
    const mayBeAsked = ({ host, port }: Authority) =>
      names.some((name) => name.host === host && (name.port === "" || name.port === port));
    if (!isOurs(host, mayBeAsked)) return misdirectedRequest(String(text));
    const { origin } = request.headers;
    if (origin === undefined) return null;
    const page = parseOrigin(origin);
    // Another port is another origin: a configured name without a port means the default port, which browsers leave out.
    const mayAsk = (asked: Authority) => names.some((name) => isSame(name, asked));
    return page !== undefined && (isSame(page, host) || isOurs(page, mayAsk)) ? null : originNotAllowed(origin);
  };
}

/** The one host that a request names. */
function checkHost({ headers, rawHeaders }: IncomingMessage): Result<Authority, Problem> {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === "host") hosts += 1;
  const authority = hosts === 1 ? parseAuthority(headers.host ?? "") : undefined;
  if (authority === undefined)
    return err(invalidRequest("A request has one Host header, with a host and perhaps a port.", "header/Host"));
  return ok(authority);
}

/** Whether the host is the address that the connection was made to, which is this node's in any case. */
function isWhereItArrived({ host, port }: Authority, { socket }: IncomingMessage): boolean {
  const { localAddress = "", localPort } = socket;
  if ((port === "" ? "80" : port) !== String(localPort)) return false;
  const address = localAddress.startsWith("::ffff:") ? localAddress.slice("::ffff:".length) : localAddress;
  // A name that no name server can point elsewhere.
  if (host === "localhost") return isLoopback(address);
  return host === (address.includes(":") ? `[${address}]` : address) || (isLoopback(address) && isLoopbackHost(host));
}

function isSame(a: Authority, b: Authority | undefined): boolean {
  return b !== undefined && a.host === b.host && a.port === b.port;
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

function isLoopbackHost(host: string): boolean {
  return host === "[::1]" || isLoopback(host);
}

const authorityGrammar = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?$/;

/** `host` or `host:port`; undefined when it is neither. */
export function parseAuthority(text: string): Authority | undefined {
  const match = authorityGrammar.exec(text.toLowerCase());
  return match === null ? undefined : { host: match[1] ?? "", port: match[2] ?? "" };
}

function parseOrigin(text: string): Authority | undefined {
  const match = /^https?:\/\/(.+)$/i.exec(text);
  return match === null ? undefined : parseAuthority(match[1] ?? "");
}

/** Parses the URL when it is first needed; most requests are for the address where they arrived. */
function parseUrl(url: () => string | undefined): () => Authority | undefined {
  return () => {
    const text = url();
    return text === undefined ? undefined : parseOrigin(text);
  };
}

/**
 * This file decides whom a request may take this node for. A browser that is led here under a name of somebody else (DNS
 * rebinding) says that name in `Host`, and the page that sends it in `Origin`: names that are not ours are refused.
 */
import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "../src/base/result.ts";
import { invalidRequest, misdirectedRequest, originNotAllowed, type Problem } from "./contract/problem.ts";

export type HostRules = {
  /** Configured names, `name` (any port) or `name:port`. */
  readonly names: readonly string[];
  /** Where others reach this node by the membership: a URL; undefined while it is not in it. Asked when nothing else fits. */
  readonly ownUrl: () => string | undefined;
};

/** Refuses a request whose `Host` or `Origin` is not ours; null when it may pass. */
export type HostCheck = (request: IncomingMessage) => Problem | null;

/** `host` and `port` as a URL would have them: lower case, IPv6 in brackets; the port empty when none is named. */
type Authority = { readonly host: string; readonly port: string };

/** The check for one node. */
export function createHostCheck(rules: HostRules): HostCheck {
  const names = rules.names.map(parseAuthority).filter((name) => name !== undefined);
  return (request) => {
    const text = request.headers.host;
    // No browser leaves it out; of HTTP/1.0, which old health checks speak, it is not part.
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
    // Another port is another page: a name that is given without one stands for the port that browsers leave out.
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

/** The address that the connection was made to: nobody else's, whatever it is called elsewhere. */
function isWhereItArrived({ host, port }: Authority, { socket }: IncomingMessage): boolean {
  const { localAddress = "", localPort } = socket;
  if ((port === "" ? "80" : port) !== String(localPort)) return false;
  const address = localAddress.startsWith("::ffff:") ? localAddress.slice("::ffff:".length) : localAddress;
  // A name that no name server decides about.
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

/** Looked up when it is first needed: most requests are for where they arrived. */
function parseUrl(url: () => string | undefined): () => Authority | undefined {
  return () => {
    const text = url();
    return text === undefined ? undefined : parseOrigin(text);
  };
}

/**
 * This file refuses, before anything else is checked, requests that a browser sends and no node does: a page that a person visits
 * must not be able to reach a peer port on their machine or network, whatever the page knows.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { PeerAccess } from "./proof.ts";

/** Why a request cannot be a node's, ready to be answered as a problem document. */
export type GuardRefusal = {
  readonly status: number;
  readonly code: "browser_refused" | "host_invalid" | "host_foreign";
  readonly detail: string;
};

/** The names of this node: where it listens, and the URL by which others reach it, null while it does not know one. */
export type OwnNames = { readonly listenHost: string; readonly ownUrl: string | null };

/** The types of forms, which a page can send anywhere without a preflight request. */
const formTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
/** Headers that browsers set, and that scripts cannot change. */
const browserHeaders = ["origin", "referer", "cookie"];

/** Why this is no call of a node; null when it may be one. */
export function guardRefusal(request: IncomingMessage, access: PeerAccess, names: OwnNames): GuardRefusal | null {
  for (const name of Object.keys(request.headers)) {
    if (browserHeaders.includes(name) || name.startsWith("sec-")) {
      return { status: 403, code: "browser_refused", detail: `nodes send no header ${name}` };
    }
  }
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && formTypes.includes(type)) {
    return { status: 403, code: "browser_refused", detail: `nodes send nothing of type ${type}` };
  }
  return hostRefusal(request, access, names);
}

function hostRefusal(request: IncomingMessage, access: PeerAccess, { listenHost, ownUrl }: OwnNames): GuardRefusal | null {
  const name = hostNameIn(request);
  if (name === undefined) return { status: 400, code: "host_invalid", detail: "header host is missing, doubled or wrong" };
  // A caller that proves that it knows the secret may use any name (an alias that `join` was given).
  // While this node joins it does not know its own name, and must be reachable under it.
  if (access.kind !== "open" || ownUrl === null) return null;
  // A name that a stranger lets point at our address (DNS rebinding) is none of these.
  if (isIP(name) !== 0 || name === "localhost" || name === listenHost || name === hostOf(ownUrl)) return null;
  return { status: 421, code: "host_foreign", detail: "header host names another machine" };
}

/** The host without port and brackets; undefined when there is not exactly one, or it is none. */
function hostNameIn({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { host } = headers;
  const count = rawHeaders.filter((text, position) => position % 2 === 0 && text.toLowerCase() === "host").length;
  if (host === undefined || count !== 1 || !/^[A-Za-z0-9._:[\]-]{1,255}$/.test(host)) return undefined;
  return hostOf(`http://${host}`);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") || undefined : undefined;
}

/**
 * This file turns away, before anything else is looked at, what no node sends and a browser does: a page that a person visits
 * must not be able to reach a peer port on their machine or network, whatever it knows.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { PeerAccess } from "./proof.ts";

export type GuardRefusal = {
  readonly status: number;
  readonly code: "browser_refused" | "host_invalid" | "host_foreign";
  readonly detail: string;
};

/** What the node goes by: where it listens, and where it says that it can be reached. */
export type OwnNames = { readonly listenHost: string; readonly ownUrl: string | null };

/** Forms are what a page can send anywhere without asking first. */
const formTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
/** Set by browsers, and not to be set by the scripts in them. */
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
  // Who proves that it knows the secret may have found us under any name (an alias that `join` was given).
  // Before this node knows its own name it is joining, and must be found under a name that it does not know.
  if (access.kind !== "open" || ownUrl === null) return null;
  // A name that a stranger points at our address (DNS rebinding) is none of these.
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

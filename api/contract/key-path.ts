/**
 * This file makes one path segment out of a key: keys contain slashes, and may come raw (`/v1/config/a/b`) or encoded
 * (`/v1/config/a%2Fb`). Everything after it, Express included, sees the encoded form only. Keys that a proxy or a
 * client library would fold into another key (`..`, `.`) are refused here, before anything can act on them.
 */
import { unreachable } from "../../src/base/assert.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import { nameBytesMax, nameFault, type TextFault } from "../../src/node/service.ts";

/** Verbs that follow a lock's name, by method; a name is everything before them. */
const lockVerbs: ReadonlySet<string> = new Set(["acquire", "release", "verify"]);

/** A key in which only slashes need encoding: segments of unreserved characters that do not begin with a dot. */
const plainKey = /^[A-Za-z0-9_~-][A-Za-z0-9_.~-]*(\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*$/;

/**
 * Returns `url` (path and query) with its key as one encoded segment, or a sentence that says what is wrong with it. URLs
 * without a key come back as they are.
 */
export function normaliseKeyPath(method: string, url: string): Result<string, string> {
  if (!url.startsWith("/")) return err(`The request target ${JSON.stringify(url.slice(0, 80))} is not a path.`);
  const queryAt = url.indexOf("?");
  const pathEnd = queryAt === -1 ? url.length : queryAt;
  if (url.startsWith("/v1/config/")) return rewrite(url, "/v1/config/", { keyEnd: pathEnd, pathEnd });
  if (url.startsWith("/v1/locks/")) {
    return rewrite(url, "/v1/locks/", { keyEnd: lockNameEnd(method, url, pathEnd), pathEnd });
  }
  return ok(url);
}

/** What is wrong with `key`, as a sentence; null when it is a key. */
export function keyFault(key: string): string | null {
  const fault = nameFault(key);
  if (fault !== null) return sentenceOf(fault);
  for (const segment of key.split("/")) {
    if (segment === "." || segment === "..") return "A key holds no `.` or `..` segment: clients and proxies fold them away.";
  }
  return null;
}

function sentenceOf(fault: TextFault): string {
  switch (fault.kind) {
    case "length":
      if (fault.bytes === 0) return "A key has at least one character.";
      return `A key has at most ${fault.max} bytes of UTF-8; this one has ${fault.bytes}.`;
    case "control":
      return "A key holds no control characters.";
    case "notUnicode":
      return "A key holds no half of a surrogate pair.";
    default:
      return unreachable(fault);
  }
}

function rewrite(url: string, root: string, ends: { readonly keyEnd: number; readonly pathEnd: number }): Result<string, string> {
  const rawKey = url.slice(root.length, ends.keyEnd);
  if (rawKey.length <= nameBytesMax && plainKey.test(rawKey)) {
    return ok(rawKey.includes("/") ? root + rawKey.replaceAll("/", "%2F") + url.slice(ends.keyEnd) : url);
  }
  let key: string;
  try {
    key = decodeURIComponent(rawKey);
  } catch {
    return err("The path is not valid percent-encoded UTF-8.");
  }
  const fault = keyFault(key);
  if (fault !== null) return err(fault);
  return ok(root + encodeURIComponent(key) + url.slice(ends.keyEnd));
}

/** Where the name ends in `/v1/locks/{name}`: before `/acquire` and its like, `/holder`, or `/queue/{ticket}`. */
function lockNameEnd(method: string, url: string, pathEnd: number): number {
  const lastSlash = url.lastIndexOf("/", pathEnd - 1);
  const last = url.slice(lastSlash + 1, pathEnd);
  if (lastSlash < "/v1/locks/".length) return pathEnd;
  if (method === "DELETE") {
    if (last === "holder") return lastSlash;
    const queue = "/queue";
    const queueAt = lastSlash - queue.length;
    if (url.slice(queueAt, lastSlash) === queue && queueAt >= "/v1/locks/".length) return queueAt;
    return pathEnd;
  }
  if (method === "GET" || method === "HEAD") return pathEnd;
  return lockVerbs.has(last) ? lastSlash : pathEnd;
}

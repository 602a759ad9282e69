/**
 * This file turns values into bodies and back: JSON as JSON, `text/*` as a string, everything else as bytes.
 */
import type * as wire from "../generated/types.ts";

/** A version of a key. `value` is the parsed JSON, a string for `text/*`, a Uint8Array for anything else. */
export type ConfigEntry = Omit<wire.ConfigEntry, "encoding">;
/** As ConfigEntry, from a list that may leave values out. */
export type ConfigItem = Omit<wire.ConfigItem, "encoding">;

/** A value as it is sent. */
export type Body = { readonly bytes: string | Uint8Array; readonly contentType: string };

/**
 * The body for `value`: a Uint8Array or a string with a `text/*` type as it is, everything else as JSON. Throws
 * TypeError for values that have no JSON form (undefined, functions, cycles, bigint).
 */
export function encodeValue(value: unknown, contentType: string | undefined): Body {
  if (value instanceof Uint8Array) return { bytes: value, contentType: contentType ?? "application/octet-stream" };
  if (contentType !== undefined && !isJson(contentType)) {
    if (typeof value === "string") return { bytes: value, contentType };
    throw new TypeError(`a value of type ${contentType} must be a string or a Uint8Array`);
  }
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("the value has no JSON form");
  return { bytes: text, contentType: contentType ?? "application/json" };
}

/** Whether values of this content type are sent and returned as JSON. */
export function isJson(contentType: string): boolean {
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  return type === "application/json" || type.endsWith("+json");
}

/** An entry with its base64 turned into bytes. */
export function decodeEntry(entry: wire.ConfigEntry): ConfigEntry {
  const { encoding, ...rest } = entry;
  return encoding === "base64" && typeof rest.value === "string" ? { ...rest, value: decodeBase64(rest.value) } : rest;
}

/** As `decodeEntry`, for an item of a list. */
export function decodeItem(item: wire.ConfigItem): ConfigItem {
  return decodeEntry(item as wire.ConfigEntry);
}

function decodeBase64(text: string): Uint8Array {
  // atob exists in Node.js and in browsers; Buffer only in Node.js.
  const binary = atob(text);
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** A comment as a header value: everything but printable ASCII, and `%` itself, is percent-encoded. */
export function encodeComment(comment: string): string {
  return comment.replace(/[^ -$&-~]+/gu, (text) => encodeURIComponent(text));
}

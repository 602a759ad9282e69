/**
 * This file reads JSON bodies, and refuses what would cause faults later: text that is not UTF-8, halves of surrogate pairs
 * (UTF-8 cannot encode them, and strict parsers refuse whole answers that contain them), and deep nesting.
 */
import { isUtf8 } from "node:buffer";
import { err, ok, type Result } from "../../src/base/result.ts";
import { invalidRequest, type Problem } from "./problem.ts";

/** Nested arrays and objects: more than configuration has, and fewer than common parsers accept (128 in the strictest). */
export const jsonDepthMax = 100;

/** `bytes` as JSON, or the problem. Takes time in proportion to their number, whatever they contain. */
export function parseJson(bytes: Buffer): Result<unknown, Problem> {
  if (bytes.length === 0) return err(invalidRequest("The body is empty; JSON is expected.", "body"));
  if (!isUtf8(bytes)) return err(invalidRequest("The body is not UTF-8.", "body"));
  if (isDeeperThan(bytes, jsonDepthMax)) {
    return err(invalidRequest(`The body nests deeper than ${jsonDepthMax} arrays and objects.`, "body"));
  }
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return err(invalidRequest(`The body is not JSON: ${messageOf(cause)}.`, "body"));
  }
  if (escapesLoneSurrogate(text)) return err(invalidRequest("The body holds half a surrogate pair.", "body"));
  return ok(value);
}

/** Whether a string in parsed JSON, property names included, contains half a surrogate pair. */
export function holdsLoneSurrogate(value: unknown): boolean {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string") {
      if (isLoneSurrogateIn(next)) return true;
    } else if (typeof next === "object" && next !== null && !ArrayBuffer.isView(next)) {
      for (const [name, inner] of Object.entries(next)) {
        if (isLoneSurrogateIn(name)) return true;
        left.push(inner);
      }
    }
  }
  return false;
}

/** Whether `text` contains half a surrogate pair, and so is not valid Unicode. */
function isLoneSurrogateIn(text: string): boolean {
  return loneSurrogate.test(text);
}

const loneSurrogate = /\p{Surrogate}/u;

function messageOf(cause: unknown): string {
  // V8 quotes the text that it could not parse, and may cut a surrogate pair.
  const message = cause instanceof Error ? cause.message.slice(0, 200) : "";
  return message.replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Counts brackets outside of strings; the result means nothing for bytes that are not JSON. */
function isDeeperThan(bytes: Buffer, depthMax: number): boolean {
  if (bytes.length <= depthMax) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = stringEnd(bytes, at + 1);
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1;
    }
  }
  return false;
}

/** The end of the string whose first character is at `from`. */
function stringEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/**
 * Whether a `\u` escape of JSON `text` is half a surrogate pair. Searched in the text, not in what it was parsed
 * to, which keeps only the last of two properties with one name.
 */
function escapesLoneSurrogate(text: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false;
  // Every backslash of JSON begins an escape, so escapes are found one by one.
  const escapes = /\\(?:u([0-9a-fA-F]{4})|[^u])/g;
  let highEnd = -1;
  for (let match = escapes.exec(text); match !== null; match = escapes.exec(text)) {
    const unit = match[1] === undefined ? 0 : Number.parseInt(match[1], 16);
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    const followsHigh = highEnd === match.index;
    if (highEnd !== -1 && !(isLow && followsHigh)) return true;
    if (isLow && !followsHigh) return true;
    highEnd = unit >= 0xd800 && unit <= 0xdbff ? escapes.lastIndex : -1;
  }
  return highEnd !== -1;
}

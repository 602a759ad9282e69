/**
 * This file reads JSON bodies, and refuses what would hurt somebody later: text that is not UTF-8, halves of surrogate pairs
 * (no UTF-8 can hold them, and strict parsers refuse whole answers that repeat them), and nesting beyond any use.
 */
import { isUtf8 } from "node:buffer";
import { err, ok, type Result } from "../../src/base/result.ts";
import { invalidRequest, type Problem } from "./problem.ts";

/** Deeper than configuration is, and shallower than what common parsers take (128 in the strictest), envelope included. */
export const jsonDepthMax = 100;

/** `bytes` as JSON, or what is wrong with them. Takes time in proportion to their number, whatever they hold. */
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

/** Whether some string in `value`, names of properties included, is no Unicode text. Meant for what was JSON. */
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

/** Whether `text` holds half a surrogate pair, and so is no Unicode text. */
export function isLoneSurrogateIn(text: string): boolean {
  return loneSurrogate.test(text);
}

const loneSurrogate = /\p{Surrogate}/u;

function messageOf(cause: unknown): string {
  // V8 quotes the text that it could not read, which may end in the middle of a pair.
  const message = cause instanceof Error ? cause.message.slice(0, 200) : "";
  return message.replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Looks at brackets outside of strings only; of bytes that are no JSON the answer means nothing. */
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

/** Where the string ends whose first character is at `from`. */
function stringEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/**
 * Whether a `\u` escape of JSON `text` stands for half a surrogate pair. Looked for in the text, not in what it was parsed
 * to: of two properties of one name only the last is left there.
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

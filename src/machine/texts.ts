/**
 * This file says which texts the state machine takes: names of keys, locks and requests, and labels that people read. The command
 * parser and the API, which refuses a text before it is proposed, both ask here.
 */
import { labelBytesMax, nameBytesMax } from "./limits.ts";

/** Bounds of a text in bytes of UTF-8. */
export type TextBytes = { readonly min: number; readonly max: number };

/** What is wrong with a text. */
export type TextFault =
  /** It holds half a surrogate pair, which has no UTF-8. */
  | { readonly kind: "notUnicode" }
  /** It has too few or too many bytes of UTF-8. */
  | { readonly kind: "length"; readonly bytes: number; readonly min: number; readonly max: number }
  /** It holds a control character: these separate the parts of table keys. */
  | { readonly kind: "control" };

/** What is wrong with `text`; null when it is well-formed and within `bounds`. */
export function textFault(text: string, { min, max }: TextBytes): TextFault | null {
  const bytes = utf8Bytes(text);
  if (bytes === -1) return { kind: "notUnicode" };
  return bytes < min || bytes > max ? { kind: "length", bytes, min, max } : null;
}

/** What is wrong with `name`, which must not be empty and must hold no control characters; null when it is a name. */
export function nameFault(name: string, bytesMax = nameBytesMax): TextFault | null {
  return textFault(name, { min: 1, max: bytesMax }) ?? (hasControl(name) ? { kind: "control" } : null);
}

/** What is wrong with `label`, the name of an owner or an author; null when it can be stored. */
export function labelFault(label: string): TextFault | null {
  return textFault(label, { min: 0, max: labelBytesMax });
}

/** The length in UTF-8, or -1 when a surrogate stands alone and there is no UTF-8. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3;
    else {
      const next = text.charCodeAt(i + 1);
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return -1;
      bytes += 4;
      i += 1;
    }
  }
  return bytes;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return true;
  }
  return false;
}

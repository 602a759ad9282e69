/**
 * This file reads typed fields out of decoded data. It is strict: a missing field, a wrong type or a length beyond its bound
 * is refused with the path of the field.
 */
import { isNodeId, type NodeId } from "../raft/types.ts";
import { nameFault, type TextBytes, textFault } from "./texts.ts";
import { type Fence, type LeaseId, parseLeaseId, type Revision, type Ticket, toFence, toRevision, toTicket } from "./types.ts";

/** The data is no command. Before it is proposed that is the sender's fault; in the log such an entry is skipped (DECISIONS 27). */
export class MalformedCommand extends Error {
  override readonly name = "MalformedCommand";
  /** The path of the field, such as `body.lease.ttlMs`. */
  readonly field: string;

  constructor(field: string, wanted: string) {
    super(`${field} is not ${wanted}`);
    this.field = field;
  }
}

/** Decoded data with named fields, and where it stands in the whole. */
export type Fields = { readonly values: Readonly<Record<string, unknown>>; readonly path: string };

/** `value` as something with fields. */
export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new MalformedCommand(path, "an object");
  }
  return { values: value as Readonly<Record<string, unknown>>, path };
}

/** The field as something with fields of its own. */
export function objectAt(fields: Fields, name: string): Fields {
  return fieldsOf(fields.values[name], pathOf(fields, name));
}

/** A well-formed string of `bytes.min` to `bytes.max` UTF-8 bytes. */
export function textAt(fields: Fields, name: string, bytes: TextBytes): string {
  const value = fields.values[name];
  if (typeof value !== "string" || textFault(value, bytes) !== null) {
    throw new MalformedCommand(pathOf(fields, name), `a string of ${bytes.min} to ${bytes.max} UTF-8 bytes`);
  }
  return value;
}

/** As `textAt`, or null. */
export function textOrNullAt(fields: Fields, name: string, bytes: TextBytes): string | null {
  return fields.values[name] === null ? null : textAt(fields, name, bytes);
}

/** The name of a key, lock or request: not empty, and without control characters. */
export function nameAt(fields: Fields, name: string, bytesMax: number): string {
  const value = textAt(fields, name, { min: 1, max: bytesMax });
  if (nameFault(value, bytesMax) !== null) throw new MalformedCommand(pathOf(fields, name), "free of control characters");
  return value;
}

/** The id of a node. */
export function nodeIdAt(fields: Fields, name: string): NodeId {
  const value = fields.values[name];
  if (typeof value !== "string" || !isNodeId(value)) throw new MalformedCommand(pathOf(fields, name), "a node id");
  return value;
}

/** An integer within bounds. */
export function integerAt(fields: Fields, name: string, bounds: { readonly min: number; readonly max: number }): number {
  const value = fields.values[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < bounds.min || value > bounds.max) {
    throw new MalformedCommand(pathOf(fields, name), `an integer from ${bounds.min} to ${bounds.max}`);
  }
  // -0 becomes 0, as it would when it is packed into bytes and read again.
  return value + 0;
}

/** Bytes, copied: what was decoded may be a view on a much larger buffer. */
export function bytesAt(fields: Fields, name: string, bytesMax: number): Uint8Array {
  const value = fields.values[name];
  if (!(value instanceof Uint8Array) || value.byteLength > bytesMax) {
    throw new MalformedCommand(pathOf(fields, name), `at most ${bytesMax} bytes`);
  }
  return new Uint8Array(value);
}

/** A revision: an integer >= 0. Throws MalformedCommand otherwise. */
export function revisionAt(fields: Fields, name: string): Revision {
  return toRevision(integerAt(fields, name, { min: 0, max: Number.MAX_SAFE_INTEGER }));
}
/** A fence: an integer >= 0. Throws MalformedCommand otherwise. */
export function fenceAt(fields: Fields, name: string): Fence {
  return toFence(integerAt(fields, name, { min: 0, max: Number.MAX_SAFE_INTEGER }));
}
/** A ticket: an integer >= 0. Throws MalformedCommand otherwise. */
export function ticketAt(fields: Fields, name: string): Ticket {
  return toTicket(integerAt(fields, name, { min: 0, max: Number.MAX_SAFE_INTEGER }));
}
/** A lease id such as `l42`. Throws MalformedCommand otherwise. */
export function leaseIdAt(fields: Fields, name: string): LeaseId {
  return leaseIdOf(fields.values[name], pathOf(fields, name));
}
/** As `leaseIdAt`, or null. */
export function leaseIdOrNullAt(fields: Fields, name: string): LeaseId | null {
  return fields.values[name] === null ? null : leaseIdAt(fields, name);
}
/** A list of at most `lengthMax` lease ids. */
export function leaseIdsAt(fields: Fields, name: string, lengthMax: number): readonly LeaseId[] {
  const value = fields.values[name];
  const path = pathOf(fields, name);
  if (!Array.isArray(value) || value.length > lengthMax) throw new MalformedCommand(path, `a list of at most ${lengthMax}`);
  return value.map((item: unknown, index) => leaseIdOf(item, `${path}.${index}`));
}

/** The `kind` of a union, one of `kinds`. */
export function kindAt<Kind extends string>(fields: Fields, kinds: readonly Kind[]): Kind {
  const value = fields.values["kind"];
  const kind = kinds.find((one) => one === value);
  if (kind === undefined) throw new MalformedCommand(pathOf(fields, "kind"), `one of ${kinds.join(", ")}`);
  return kind;
}

function pathOf(fields: Fields, name: string): string {
  return fields.path === "" ? name : `${fields.path}.${name}`;
}

function leaseIdOf(value: unknown, path: string): LeaseId {
  const leaseId = typeof value === "string" ? parseLeaseId(value) : undefined;
  if (leaseId === undefined || !Number.isSafeInteger(Number(leaseId.slice(1)))) throw new MalformedCommand(path, "a lease id");
  return leaseId;
}

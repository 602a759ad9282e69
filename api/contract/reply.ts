/**
 * This file is the shape of a finished answer of REST.
 */

/** A finished answer. `headers` is a flat list: name, value, name, value. */
export type Reply = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
};

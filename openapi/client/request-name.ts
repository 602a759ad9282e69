/**
 * This file names mutations: an id, and the position of the store that the client had seen before the first attempt. With both, nodes
 * never carry a request out twice, because they can distinguish a request that they may have forgotten from a new one.
 */

/** The name of one mutation for all its attempts, and for several calls with the same purpose. */
export type RequestName = {
  readonly id: string;
  /** Set by the first attempt, and kept. Undefined before it; null when nothing is sent. */
  since: string | null | undefined;
};

/** The newest position of the store in any answer so far. */
export class SeenPosition {
  #seen: { readonly storeId: string; readonly index: number } | undefined;

  /** As `Keyhold-Request-Since` takes it; undefined before the first answer. */
  get text(): string | undefined {
    return this.#seen === undefined ? undefined : `${this.#seen.storeId}.${this.#seen.index}`;
  }

  /** Takes the `Keyhold-Position` of an answer; null when it has none. Another store than before begins anew. */
  note(header: string | null): void {
    const [, storeId, index] = /^(.+)\.([0-9]{1,15})$/.exec(header ?? "") ?? [];
    if (storeId === undefined || index === undefined) return;
    if (storeId === this.#seen?.storeId && Number(index) <= this.#seen.index) return;
    this.#seen = { storeId, index: Number(index) };
  }
}

/** The headers that name a request. */
export function nameHeaders(name: RequestName | undefined): Readonly<Record<string, string>> {
  if (name === undefined) return {};
  const { id, since } = name;
  return { "Idempotency-Key": id, ...(typeof since === "string" ? { "Keyhold-Request-Since": since } : {}) };
}

/**
 * This file names mutations: an id, and what the client had seen of the store before the first attempt. With both, nodes carry
 * a request out at most once for ever, because they can tell what they may have forgotten from what is new.
 */

/** Names one mutation over all its attempts, and over several calls where those are for the same thing. */
export type RequestName = {
  readonly id: string;
  /** Taken by the first attempt, and kept. Undefined before it; null when nothing is said. */
  since: string | null | undefined;
};

/** The newest place in the log of the store that any answer has told of. */
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

/**
 * This file is the list of all that may wait in a driver: for its place in the log, an answer of the leader, a revision, a membership.
 * Whatever is in the list ends at its deadline, or when the node stops, so that nobody waits for ever.
 */

/** Those who wait for one thing. Each is settled once. */
export type Waits = {
  /** Settles those whose deadline is `nowMs` (on the monotonic clock) or before. Called once a tick. */
  expire(nowMs: number): void;
  /** Settles all of them: the node stops. Nothing is added afterwards. */
  close(): void;
};

/** All kinds of waits of one driver. */
export class WaitList {
  readonly #kinds: Waits[] = [];

  /** Takes `waits` into the list, and returns it. All kinds are called in the order in which they were added. */
  add<Kind extends Waits>(waits: Kind): Kind {
    this.#kinds.push(waits);
    return waits;
  }

  /** To be called once a tick; see `Waits`. */
  expire(nowMs: number): void {
    for (const waits of this.#kinds) waits.expire(nowMs);
  }

  /** To be called once, at the end; see `Waits`. */
  close(): void {
    for (const waits of this.#kinds) waits.close();
  }
}

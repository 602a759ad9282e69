/**
 * This file bounds what a node holds in memory for all its sockets: bytes that were handed over and that the kernel has
 * not taken yet, because the clients do not read. Whoever finds the budget used up waits for its turn.
 */

/** Somebody who waits for room. */
export type Waiting = { roomAgain(): void };

export class SendBudget {
  readonly #bytesMax: number;
  #bytes = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more may be handed over. One message may take it past the bound. */
  get hasRoom(): boolean {
    return this.#bytes < this.#bytesMax;
  }

  get isContended(): boolean {
    return this.#waiting.size > 0;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.callNext();
  }

  /** `roomAgain` is called once there is room; first come, first served. */
  wait(waiting: Waiting): void {
    this.#waiting.add(waiting);
  }

  forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** Calls the next who waits, if there is room. Whoever was called and needed none calls the next one in its place. */
  callNext(): void {
    if (!this.hasRoom) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.roomAgain();
  }
}

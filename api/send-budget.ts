/**
 * This file bounds what a node holds in memory for all its sockets: bytes that were written and that the kernel has
 * not taken yet, because the clients do not read. A sender that finds the budget used up waits for its turn.
 */

/** A sender that waits for room. */
export type Waiting = { roomAgain(): void };

/** The budget of one node. Senders take bytes and give them back once the kernel has them. */
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

  /** Calls the next waiting sender, if there is room. A sender that was called and needs none must call this in turn. */
  callNext(): void {
    if (!this.hasRoom) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.roomAgain();
  }
}

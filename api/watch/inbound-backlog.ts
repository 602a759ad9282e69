/**
 * This file bounds what websockets have sent and nobody has looked at, over all of them: messages that wait for their turn, and the
 * beginnings of those that are not finished. When it is too much, the connection that holds most is cut off.
 */

/** Of all connections of a node. */
export class InboundBacklog {
  /** Bytes beyond which connections are cut off. */
  readonly bytesMax: number;
  readonly #soon: (task: () => void) => void;
  readonly #shares = new Set<InboundShare>();
  readonly #changed = new Set<InboundShare>();
  #bytes = 0;

  constructor(bytesMax: number, soon: (task: () => void) => void) {
    this.bytesMax = bytesMax;
    this.#soon = soon;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A connection begins. `unfinishedBytes` is what lies there of messages that are not complete; `cut` ends it at once. */
  open(unfinishedBytes: () => number, cut: () => void): InboundShare {
    const share = new InboundShare({ unfinishedBytes, cut, changed: (bytes) => this.#change(share, bytes) });
    this.#shares.add(share);
    return share;
  }

  /** The connection is gone. */
  close(share: InboundShare): void {
    if (!this.#shares.delete(share)) return;
    this.#changed.delete(share);
    this.#bytes -= share.bytes;
  }

  #change(share: InboundShare, bytes: number): void {
    if (!this.#shares.has(share)) return;
    this.#bytes += bytes;
    if (this.#changed.size === 0) this.#soon(() => this.#judge());
    this.#changed.add(share);
  }

  /** Once a turn, when messages that were complete have been handed over. */
  #judge(): void {
    for (const share of this.#changed) if (!share.waits) share.looked();
    this.#changed.clear();
    while (this.#bytes > this.bytesMax) {
      let heaviest: InboundShare | undefined;
      for (const share of this.#shares) if (share.bytes > (heaviest?.bytes ?? 0)) heaviest = share;
      if (heaviest === undefined) return;
      this.close(heaviest);
      heaviest.cut();
    }
  }
}

type ShareOptions = {
  readonly unfinishedBytes: () => number;
  readonly cut: () => void;
  readonly changed: (bytes: number) => void;
};

/** Of one connection. */
export class InboundShare {
  readonly #options: ShareOptions;
  #bytes = 0;
  /** Whether complete messages of it wait to be looked at. */
  waits = false;

  constructor(options: ShareOptions) {
    this.#options = options;
  }

  /** At most so much is kept of it. */
  get bytes(): number {
    return this.#bytes;
  }

  arrived(bytes: number): void {
    this.#set(this.#bytes + bytes);
  }

  /** No complete message waits any more. */
  looked(): void {
    this.waits = false;
    const unfinished = this.#options.unfinishedBytes();
    if (unfinished !== this.#bytes) this.#set(unfinished);
  }

  cut(): void {
    this.#options.cut();
  }

  #set(bytes: number): void {
    const change = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#options.changed(change);
  }
}

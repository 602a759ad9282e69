/**
 * This file bounds what was received from websockets and not handled yet, over all of them (DECISIONS 56): messages that wait for their
 * turn, and the beginnings of incomplete ones. Beyond the bound the connection that holds most is cut off.
 */

/** The received bytes of all connections of a node that wait to be handled. */
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

  /** A connection begins. `unfinishedBytes` returns the bytes of its incomplete message; `cut` ends it at once. */
  open(unfinishedBytes: () => number, cut: () => void): InboundShare {
    const share = new InboundShare({ unfinishedBytes, cut, changed: (bytes) => this.#change(share, bytes) });
    this.#shares.add(share);
    return share;
  }

  /** The connection has ended. */
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

  /** Runs once a turn, after complete messages have been passed on. */
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

/** The received bytes of one connection that wait to be handled. */
export class InboundShare {
  readonly #options: ShareOptions;
  #bytes = 0;
  /** Whether complete messages of it wait to be handled. */
  waits = false;

  constructor(options: ShareOptions) {
    this.#options = options;
  }

  /** The most bytes that are kept of it. */
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

/**
 * This file decides how much of what arrives is parsed before the rest of the process gets its turn (DECISIONS 28, 52). Node.js reads
 * 64 KiB from a socket at once and parses all of it in one go: some two thousand pipelined requests, and as much again from the next
 * socket, before a message of a peer or a timer is handled. Here bytes are held before the parser (HTTP and websockets alike) and
 * handed to it in slices that end where a request's head ends, a little of each connection in turn, a few milliseconds at a time. A
 * connection whose last request is not answered, down to the last byte that the kernel took, has no further one parsed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What one turn of the event loop may parse, and what may wait. */
export type IntakeLimits = {
  /** Requests that one turn parses. */
  readonly turnRequestsMax: number;
  /** Milliseconds that one turn parses requests, unless a single slice takes longer. */
  readonly turnMsMax: number;
  /** Bytes held for all connections; beyond it the one that holds most is cut. */
  readonly heldBytesMax: number;
};

/** How many connections and bytes wait for their turn. */
export type IntakeStatus = { readonly heldConnections: number; readonly heldBytes: number; readonly cut: number };

/** Bytes of a chunk that is passed on at once: usually a request with its body. */
const wholeBytesMax = 4 * 1024;
/** Bytes of a slice that may begin requests; and of a slice of a body, which costs little per byte. */
const sliceBytes = { head: 2 * 1024, body: 16 * 1024 };
/** Bytes that one connection may pass in a turn while it sends a body. */
const bodyBytesPerVisit = 64 * 1024;
/** Ends the head of each request: no slice reaches beyond one. */
const headEnd = Buffer.from("\r\n\r\n");
const nothing = Buffer.alloc(0);

type Connection<Answer> = {
  readonly socket: Socket;
  /** The socket's own `push`; false when the stream wants no more for now. */
  readonly pass: (chunk: Buffer | null) => boolean;
  held: Buffer[];
  heldBytes: number;
  /** The client ended its side; passed to the stream after the held bytes. */
  ended: boolean;
  /** Everything that still arrives is dropped. */
  discarding: boolean;
  /** Answers that are not finished yet, in order. */
  readonly open: Set<Answer>;
  latest: IncomingMessage | undefined;
  /** The announced length of the latest request's body, less what was passed on. */
  bodyBytesLeft: number;
  /** The last bytes that were passed on, which may be the beginning of a head's end. */
  tail: Buffer;
  /** Everything that it sends is passed on at once. */
  released: boolean;
};

/** The intake of one server, with responses of class `Answer`. */
export class Intake<Answer extends ServerResponse> {
  readonly #limits: IntakeLimits;
  readonly #connections = new WeakMap<object, Connection<Answer>>();
  /** In the order in which they are served. Connections with small requests go before those with large ones. */
  readonly #light = new Set<Connection<Answer>>();
  readonly #heavy = new Set<Connection<Answer>>();
  /** All connections with held bytes. */
  readonly #holders = new Set<Connection<Answer>>();
  #heldBytes = 0;
  #cut = 0;
  #drainComing = false;
  /** The present turn of the event loop, if something was parsed in it. */
  #turn: { requests: number; readonly startedMs: number } | undefined;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  get status(): IntakeStatus {
    return { heldConnections: this.#light.size + this.#heavy.size, heldBytes: this.#heldBytes, cut: this.#cut };
  }

  /** Puts the intake before the parser of a connection. To be called once, from the server's `connection` event. */
  attach(socket: Socket): void {
    const connection: Connection<Answer> = {
      socket,
      pass: socket.push.bind(socket),
      held: [],
      heldBytes: 0,
      ended: false,
      discarding: false,
      open: new Set(),
      latest: undefined,
      bodyBytesLeft: 0,
      tail: nothing,
      released: false,
    };
    this.#connections.set(socket, connection);
    const read = socket._read.bind(socket);
    // The socket's handle delivers through `push`; reading continues when the stream asks for more.
    socket.push = (chunk: Buffer | null) => this.#arrived(connection, chunk);
    socket._read = (size) => (connection.heldBytes > 0 ? this.#enqueue(connection) : read(size));
    // With another listener Node.js parses what the stream emits, instead of reading past the stream.
    socket.on("data", ignore);
    socket.on("resume", () => this.#enqueue(connection));
    socket.once("close", () => this.#discard(connection));
  }

  /** A request of an attached connection was parsed; `response` will answer it. */
  began(request: IncomingMessage, response: Answer): void {
    if (this.#turn !== undefined) this.#turn.requests += 1;
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) return;
    connection.open.add(response);
    connection.latest = request;
    connection.bodyBytesLeft = Number(request.headers["content-length"] ?? 0);
    // Emitted when the kernel has taken all of the response.
    response.once("close", () => {
      connection.open.delete(response);
      this.#enqueue(connection);
    });
  }

  /** The newest unfinished answer on `socket`. */
  lastOpen(socket: object): Answer | undefined {
    return [...(this.#connections.get(socket)?.open ?? [])].at(-1);
  }

  /** Drops everything that `socket` still sends. */
  discard(socket: object): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) this.#discard(connection);
  }

  /** Lets everything that `socket` sends pass at once: its caller has proven itself. */
  release(socket: object): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.released = true;
    // Not at once: the parser may have called this, and must return before it gets more.
    this.#enqueue(connection);
  }

  #arrived(connection: Connection<Answer>, chunk: Buffer | null): boolean {
    if (chunk === null) {
      if (connection.heldBytes === 0) return connection.pass(null);
      connection.ended = true;
      return false;
    }
    if (connection.discarding) return true;
    const first = connection.heldBytes === 0;
    if (first && connection.released) return connection.pass(chunk);
    this.#hold(connection, chunk);
    let wantsMore = false;
    if (first && chunk.length <= wholeBytesMax) {
      while (connection.heldBytes > 0 && this.#isReady(connection) && this.#hasTime()) wantsMore = this.#passSlice(connection);
    }
    if (connection.heldBytes === 0) return wantsMore;
    if (this.#heldBytes > this.#limits.heldBytesMax) this.#makeRoom();
    this.#enqueue(connection);
    return false;
  }

  #hold(connection: Connection<Answer>, chunk: Buffer): void {
    if (chunk.length === 0) return;
    connection.held.push(chunk);
    connection.heldBytes += chunk.length;
    this.#heldBytes += chunk.length;
    this.#holders.add(connection);
  }

  /** Cuts, of the connections that pipeline past an open request, the one that holds most, not the one that arrives. */
  #makeRoom(): void {
    while (this.#heldBytes > this.#limits.heldBytesMax) {
      let heaviest: Connection<Answer> | undefined;
      let most = -1;
      for (const connection of this.#holders) {
        const weight = connection.heldBytes + (this.#isReady(connection) ? 0 : this.#heldBytes);
        if (weight > most) [heaviest, most] = [connection, weight];
      }
      if (heaviest === undefined) return;
      this.#cut += 1;
      this.#discard(heaviest);
      heaviest.socket.destroy();
    }
  }

  /** Whether the connection may go on: with the body of its latest request, or with the next one when all answers are finished. */
  #isReady({ open, latest, released, socket }: Connection<Answer>): boolean {
    return (released || open.size === 0 || latest?.complete === false) && !socket.isPaused();
  }

  /** Whether this turn may parse more. */
  #hasTime(): boolean {
    const { turnRequestsMax, turnMsMax } = this.#limits;
    if (this.#turn === undefined) {
      this.#turn = { requests: 0, startedMs: performance.now() };
      setImmediate(() => {
        this.#turn = undefined;
      });
      return true;
    }
    return this.#turn.requests < turnRequestsMax && performance.now() - this.#turn.startedMs < turnMsMax;
  }

  #enqueue(connection: Connection<Answer>): void {
    if (connection.heldBytes === 0 || this.#light.has(connection) || this.#heavy.has(connection)) return;
    if (!this.#isReady(connection)) return;
    const isLight = connection.heldBytes <= wholeBytesMax || connection.released;
    (isLight ? this.#light : this.#heavy).add(connection);
    this.#drainSoon();
  }

  #drainSoon(): void {
    if (this.#drainComing) return;
    this.#drainComing = true;
    setImmediate(() => {
      this.#drainComing = false;
      this.#drain();
    });
  }

  /** One slice of one connection after the other, until the time of this turn is over. */
  #drain(): void {
    this.#turn = undefined;
    // Connections with large requests get a part of every turn, however many small ones there are.
    for (const connection of this.#heavy) {
      this.#visit(connection, this.#heavy);
      break;
    }
    for (const queue of [this.#light, this.#heavy]) {
      for (const connection of queue) {
        if (!this.#hasTime()) break;
        this.#visit(connection, queue);
      }
    }
    this.#turn = undefined;
    if (this.#light.size + this.#heavy.size > 0) this.#drainSoon();
  }

  #visit(connection: Connection<Answer>, queue: Set<Connection<Answer>>): void {
    queue.delete(connection);
    this.#hasTime();
    const leftAfter = connection.heldBytes - bodyBytesPerVisit;
    while (connection.heldBytes > 0 && this.#isReady(connection)) {
      const isBody = connection.latest?.complete === false;
      const wantsMore = this.#passSlice(connection);
      if (connection.released) continue;
      if (!wantsMore || !isBody || connection.heldBytes <= leftAfter || !this.#hasTime()) break;
    }
    if (connection.heldBytes === 0 && connection.ended) {
      connection.ended = false;
      connection.pass(null);
      connection.socket.read(0);
    }
    this.#enqueue(connection);
  }

  /** Passes one slice; returns whether the stream wants more. */
  #passSlice(connection: Connection<Answer>): boolean {
    const first = connection.held[0] ?? nothing;
    const length = sliceLength(connection, first);
    const slice = length === first.length ? first : first.subarray(0, length);
    if (slice === first) connection.held.shift();
    else connection.held[0] = first.subarray(length);
    connection.heldBytes -= length;
    this.#heldBytes -= length;
    if (connection.heldBytes === 0) this.#holders.delete(connection);
    return connection.pass(slice);
  }

  #discard(connection: Connection<Answer>): void {
    connection.discarding = true;
    this.#heldBytes -= connection.heldBytes;
    connection.heldBytes = 0;
    connection.held = [];
    this.#holders.delete(connection);
    this.#light.delete(connection);
    this.#heavy.delete(connection);
  }
}

/** How many bytes of `first` are passed on: never more than one request, whether or not its body has a known length. */
function sliceLength(connection: Connection<unknown>, first: Buffer): number {
  const isBody = connection.latest?.complete === false;
  const length = Math.min(first.length, isBody ? sliceBytes.body : sliceBytes.head);
  if (isBody && connection.bodyBytesLeft > 0) {
    const ofBody = Math.min(length, connection.bodyBytesLeft);
    connection.bodyBytesLeft -= ofBody;
    connection.tail = nothing;
    return ofBody;
  }
  const { tail } = connection;
  const seen = tail.length === 0 ? first.subarray(0, length) : Buffer.concat([tail, first.subarray(0, length)]);
  const at = seen.indexOf(headEnd);
  connection.tail = at === -1 ? Buffer.from(seen.subarray(-(headEnd.length - 1))) : nothing;
  return at === -1 ? length : at + headEnd.length - tail.length;
}

function ignore(): void {}

/**
 * This file decides how much of what arrives is taken in before the rest of the process gets its turn. Node reads 64 KiB
 * from a socket at once and parses all of it in one go: some two thousand pipelined requests, and as much again from the next
 * socket, before a message of a peer or a timer is looked at. Here bytes are held before the parser (HTTP and websockets
 * alike) and handed to it in slices that end where a request's head ends, a little of each connection in turn, a few milliseconds at
 * a time. A connection whose last request is not answered, down to the last byte that the kernel took, has no further one parsed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export type IntakeLimits = {
  /** Requests that one turn takes in. */
  readonly turnRequestsMax: number;
  /** How long one turn takes requests in, unless a single slice takes longer. */
  readonly turnMsMax: number;
  /** Bytes held of all connections; beyond it the one that holds most is cut. */
  readonly heldBytesMax: number;
};

/** How many connections and bytes wait for their turn. */
export type IntakeStatus = { readonly heldConnections: number; readonly heldBytes: number; readonly cut: number };

/** A request, and mostly its body, in one piece: such a chunk is passed on at once. */
const wholeBytesMax = 4 * 1024;
/** A slice of what may begin a request; and of a body, which costs next to nothing a byte. */
const sliceBytes = { head: 2 * 1024, body: 16 * 1024 };
/** The most that one connection gets of a turn while it sends a body. */
const bodyBytesPerVisit = 64 * 1024;
/** Ends the head of each request: no slice reaches beyond one. */
const headEnd = Buffer.from("\r\n\r\n");
const nothing = Buffer.alloc(0);

type Connection<Answer> = {
  readonly socket: Socket;
  /** The stream's own; false when it wants no more for now. */
  readonly pass: (chunk: Buffer | null) => boolean;
  held: Buffer[];
  heldBytes: number;
  /** The client ended its side; said to the stream after what is held. */
  ended: boolean;
  /** Nothing that comes is looked at any more. */
  discarding: boolean;
  /** Answers that are owed, in order. */
  readonly open: Set<Answer>;
  latest: IncomingMessage | undefined;
  /** What the latest request said of the length of its body, less what was passed on. */
  bodyBytesLeft: number;
  /** The end of what was passed on, where a head may be about to end. */
  tail: Buffer;
  /** Whatever it sends is passed on at once. */
  released: boolean;
};

/** The intake of one server, whose answers are of class `Answer`. */
export class Intake<Answer extends ServerResponse> {
  readonly #limits: IntakeLimits;
  readonly #connections = new WeakMap<object, Connection<Answer>>();
  /** In the order in which they are served. Those that ask for little go before those that ask for much. */
  readonly #light = new Set<Connection<Answer>>();
  readonly #heavy = new Set<Connection<Answer>>();
  /** All of which something is held. */
  readonly #holders = new Set<Connection<Answer>>();
  #heldBytes = 0;
  #cut = 0;
  #drainComing = false;
  /** The present turn of the event loop, if something was taken in. */
  #turn: { requests: number; readonly startedMs: number } | undefined;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  get status(): IntakeStatus {
    return { heldConnections: this.#light.size + this.#heavy.size, heldBytes: this.#heldBytes, cut: this.#cut };
  }

  /** Stands before the parser of a connection that a server has just accepted. To be called once, from its `connection` event. */
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
    // What the handle brings comes by `push`, and reading goes on when the stream asks for more.
    socket.push = (chunk: Buffer | null) => this.#arrived(connection, chunk);
    socket._read = (size) => (connection.heldBytes > 0 ? this.#enqueue(connection) : read(size));
    // With a listener of somebody else node parses what the stream emits, instead of reading past the stream.
    socket.on("data", ignore);
    socket.on("resume", () => this.#enqueue(connection));
    socket.once("close", () => this.#discard(connection));
  }

  /** A request of an attached connection was parsed; `response` is going to answer it. */
  began(request: IncomingMessage, response: Answer): void {
    if (this.#turn !== undefined) this.#turn.requests += 1;
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) return;
    connection.open.add(response);
    connection.latest = request;
    connection.bodyBytesLeft = Number(request.headers["content-length"] ?? 0);
    // Said of a response when the kernel has taken all of it.
    response.once("close", () => {
      connection.open.delete(response);
      this.#enqueue(connection);
    });
  }

  /** The answer that is owed on `socket` after all others. */
  lastOpen(socket: object): Answer | undefined {
    return [...(this.#connections.get(socket)?.open ?? [])].at(-1);
  }

  /** Whatever `socket` still sends is thrown away. */
  discard(socket: object): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) this.#discard(connection);
  }

  /** From here on `socket` is no stranger's: what it sends waits for no turn. */
  release(socket: object): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.released = true;
    // Not at once: this may be called by the parser, which must not be handed more before it has returned.
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

  /** Not who arrives pays for it, but who pipelines past an open request, and of those who holds most. */
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

  /** Whether the connection may go on: with the body of its latest request, or with the next one when nothing is owed. */
  #isReady({ open, latest, released, socket }: Connection<Answer>): boolean {
    return (released || open.size === 0 || latest?.complete === false) && !socket.isPaused();
  }

  /** Whether this turn may take in more. */
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
    // Those who ask for much get something of every turn, however many ask for little.
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

  /** Whether the stream wants more. */
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

/** How much of `first` is passed on: never more than one request, whether its body tells its length or not. */
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

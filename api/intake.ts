/**
 * This file decides how much of what clients send is taken in before the rest of the process gets its turn. Node reads 64 KiB
 * from a socket at once and parses all of it in one go: some two thousand pipelined requests, and as much again from the next
 * socket, before a message of a peer or a timer is looked at. Here bytes are held before the parser (HTTP and websockets
 * alike) and handed to it in slices, a little of each connection in turn, a few milliseconds at a time. A connection with too many requests
 * unanswered is not read from.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { AppResponse } from "./native-classes.ts";

export type IntakeLimits = {
  /** Requests of one connection that are under way; what follows stays in the connection. At least 2. */
  readonly unansweredMax: number;
  /** Requests that one turn takes in. */
  readonly turnRequestsMax: number;
  /** How long one turn takes requests in, unless a single slice takes longer. */
  readonly turnMsMax: number;
  /** Bytes held of all connections; one that would go beyond is cut. */
  readonly heldBytesMax: number;
};

/** How many connections and bytes wait for their turn. */
export type IntakeStatus = { readonly heldConnections: number; readonly heldBytes: number; readonly cut: number };

/** A request, and mostly its body, in one piece: such a chunk is passed on at once. */
const wholeBytesMax = 4 * 1024;
/** A slice of a longer chunk; of a connection that pipelines; and of a body, which costs next to nothing a byte. */
const sliceBytes = { first: 2 * 1024, pipelined: 512, body: 16 * 1024 };
/** The most that one connection gets of a turn while it sends a body. */
const bodyBytesPerVisit = 64 * 1024;

type Connection = {
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
  readonly open: Set<AppResponse>;
  latest: IncomingMessage | undefined;
  /** Sent a request before the one before it was answered. */
  pipelines: boolean;
};

export class Intake {
  readonly #limits: IntakeLimits;
  readonly #connections = new WeakMap<object, Connection>();
  /** In the order in which they are served. Those that ask for little go before those that ask for much. */
  readonly #light = new Set<Connection>();
  readonly #heavy = new Set<Connection>();
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
    const connection: Connection = {
      socket,
      pass: socket.push.bind(socket),
      held: [],
      heldBytes: 0,
      ended: false,
      discarding: false,
      open: new Set(),
      latest: undefined,
      pipelines: false,
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
  began(request: IncomingMessage, response: AppResponse): void {
    if (this.#turn !== undefined) this.#turn.requests += 1;
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) return;
    connection.open.add(response);
    if (connection.open.size > 1) connection.pipelines = true;
    connection.latest = request;
    response.once("close", () => {
      connection.open.delete(response);
      this.#enqueue(connection);
    });
  }

  /** The answer that is owed on `socket` after all others. */
  lastOpen(socket: object): AppResponse | undefined {
    return [...(this.#connections.get(socket)?.open ?? [])].at(-1);
  }

  /** Whatever `socket` still sends is thrown away. */
  discard(socket: object): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) this.#discard(connection);
  }

  #arrived(connection: Connection, chunk: Buffer | null): boolean {
    if (chunk === null) {
      if (connection.heldBytes === 0) return connection.pass(null);
      connection.ended = true;
      return false;
    }
    if (connection.discarding) return true;
    const whole = chunk.length <= (connection.pipelines ? sliceBytes.pipelined : wholeBytesMax);
    if (whole && connection.heldBytes === 0 && this.#isReady(connection) && this.#hasTime()) return connection.pass(chunk);
    this.#hold(connection, chunk);
    return false;
  }

  #hold(connection: Connection, chunk: Buffer): void {
    connection.held.push(chunk);
    connection.heldBytes += chunk.length;
    this.#heldBytes += chunk.length;
    if (this.#heldBytes <= this.#limits.heldBytesMax) {
      this.#enqueue(connection);
      return;
    }
    this.#cut += 1;
    this.#discard(connection);
    connection.socket.destroy();
  }

  /** Whether the connection may go on. */
  #isReady({ open, socket }: Connection): boolean {
    return open.size < this.#limits.unansweredMax && !socket.isPaused();
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

  #enqueue(connection: Connection): void {
    if (connection.heldBytes === 0 || this.#light.has(connection) || this.#heavy.has(connection)) return;
    if (!this.#isReady(connection)) return;
    const isLight = connection.heldBytes <= wholeBytesMax && connection.open.size === 0;
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

  #visit(connection: Connection, queue: Set<Connection>): void {
    queue.delete(connection);
    this.#hasTime();
    let left = bodyBytesPerVisit;
    while (connection.heldBytes > 0 && this.#isReady(connection)) {
      const isBody = connection.latest?.complete === false;
      const slice = this.#take(
        connection,
        isBody ? sliceBytes.body : connection.pipelines ? sliceBytes.pipelined : sliceBytes.first,
      );
      left -= slice.length;
      const wantsMore = connection.pass(slice);
      if (!wantsMore || !isBody || left <= 0) break;
    }
    if (connection.heldBytes === 0 && connection.ended) {
      connection.ended = false;
      connection.pass(null);
      connection.socket.read(0);
    }
    this.#enqueue(connection);
  }

  #take(connection: Connection, bytesMax: number): Buffer {
    const first = connection.held[0] ?? Buffer.alloc(0);
    const slice = first.length <= bytesMax ? first : first.subarray(0, bytesMax);
    if (slice === first) connection.held.shift();
    else connection.held[0] = first.subarray(bytesMax);
    connection.heldBytes -= slice.length;
    this.#heldBytes -= slice.length;
    return slice;
  }

  #discard(connection: Connection): void {
    connection.discarding = true;
    this.#heldBytes -= connection.heldBytes;
    connection.heldBytes = 0;
    connection.held = [];
    this.#light.delete(connection);
    this.#heavy.delete(connection);
  }
}

function ignore(): void {}

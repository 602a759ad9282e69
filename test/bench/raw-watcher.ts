/**
 * This file is a watch client that costs next to nothing, so that one process can be a thousand of them: it reads frames off
 * a socket without looking at more than their beginning, and acknowledges them, or reads nothing at all.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What one watcher opens, and whether it reads. */
export type RawWatcherOptions = {
  readonly port: number;
  /** The message of `watch:open`, without its id. */
  readonly open: object;
  /** Stops reading once the watch is asked for. */
  readonly silent?: boolean;
};

/** As much of a message as tells its event and number. */
const headBytes = 200;
/** One for all sockets: what is read is looked at before the next is. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);
const endMsMax = 10_000;

/** One watch on one socket, with counts of what arrived. */
export class RawWatcher {
  bytes = 0;
  parts = 0;
  synced = false;
  /** What ended the watch or the connection. */
  ended: string | null = null;
  readonly #options: RawWatcherOptions;
  readonly #socket: Socket;
  #upgraded = false;
  #buffered: Buffer = Buffer.alloc(0);
  /** Of the present frame: bytes still to come, and its beginning. */
  #remaining = 0;
  #head = "";
  /** Reads only to see how it ends. */
  #deaf = false;

  constructor(options: RawWatcherOptions) {
    this.#options = options;
    const onread = {
      buffer: readBuffer,
      callback: (bytes: number) => {
        if (!this.#deaf) this.#take(readBuffer.subarray(0, bytes));
        return true;
      },
    };
    this.#socket = connect({ port: options.port, host: "127.0.0.1", onread }, () => {
      this.#socket.write(
        "GET /v1/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" +
          `Host: 127.0.0.1:${options.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      );
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.ended ??= "closed";
    });
  }

  /** Sends an event to the node. */
  emit(event: string, message: object): void {
    this.#send(`42/watch,${JSON.stringify([event, message])}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Of a silent one: whether the node has ended the connection, which shows after what was sent before. */
  async wasCutOff(): Promise<boolean> {
    this.#deaf = true;
    this.#socket.resume();
    const endMs = performance.now() + endMsMax;
    while (this.ended === null && performance.now() < endMs) await delay(50);
    return this.ended !== null;
  }

  #take(chunk: Buffer): void {
    let data = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    this.#buffered = Buffer.alloc(0);
    if (!this.#upgraded) {
      const end = data.indexOf("\r\n\r\n");
      if (end < 0) {
        this.#buffered = data;
        return;
      }
      this.#upgraded = true;
      data = data.subarray(end + 4);
    }
    while (data.length > 0) {
      if (this.#remaining === 0) {
        const header = frameHeader(data);
        if (header === undefined) break;
        this.#remaining = header.payloadBytes;
        this.#head = "";
        data = data.subarray(header.headerBytes);
      }
      const part = data.subarray(0, this.#remaining);
      if (this.#head.length < headBytes) this.#head += part.toString("latin1", 0, headBytes);
      this.#remaining -= part.length;
      this.bytes += part.length;
      data = data.subarray(part.length);
      if (this.#remaining === 0) this.#hear(this.#head);
    }
    this.#buffered = Buffer.from(data);
  }

  #hear(head: string): void {
    if (head.startsWith("0")) this.#send("40/watch,");
    else if (head === "2") this.#send("3");
    else if (head.startsWith("40/watch,")) {
      this.emit("watch:open", { watchId: "w", ...this.#options.open });
      if (this.#options.silent === true) this.#socket.pause();
    } else if (head.startsWith('42/watch,["watch:synced"')) this.synced = true;
    else if (head.startsWith('42/watch,["watch:error"')) this.ended = head;
    else {
      const seq = /"seq":(\d+)/.exec(head)?.[1];
      if (seq === undefined) return;
      this.parts += 1;
      this.emit("watch:ack", { watchId: "w", seq: Number(seq) });
    }
  }

  /** One text frame under a mask of zeros. */
  #send(text: string): void {
    const payload = Buffer.from(text);
    const long = payload.length > 125;
    const header = long ? [0x81, 0xfe, payload.length >> 8, payload.length & 0xff] : [0x81, 0x80 | payload.length];
    this.#socket.write(Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), payload]));
  }
}

function frameHeader(data: Buffer): { readonly headerBytes: number; readonly payloadBytes: number } | undefined {
  const short = (data[1] ?? 0) & 0x7f;
  const headerBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (data.length < headerBytes) return undefined;
  if (short === 127) return { headerBytes, payloadBytes: Number(data.readBigUInt64BE(2)) };
  return { headerBytes, payloadBytes: short === 126 ? data.readUInt16BE(2) : short };
}

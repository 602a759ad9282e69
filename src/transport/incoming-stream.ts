/**
 * This file reads one accepted stream: it cuts frames, decodes them, checks that they are from the caller to this node, and
 * confirms that they were read. Any fault ends this stream and nothing else.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Message, NodeId } from "../raft/types.ts";
import { WireError } from "./byte-cursor.ts";
import { createFrameReader, readFrames } from "./frame.ts";
import { beatsPerTimeout, silentBeatsMax } from "./pulse.ts";
import { type StartsReport, startsIn } from "./starts-frame.ts";
import { decodeMessage } from "./wire.ts";

/** Takes a message and returns null, or why it is refused, without its values; then the sender's stream is ended. */
export type OnMessage = (message: Message) => string | null;

/** One accepted stream and what to do with its frames. */
export type IncomingOptions = {
  /** This node. */
  readonly receiver: NodeId;
  readonly sender: NodeId;
  /** The headers of the answer that accepts the stream. */
  readonly headers: Readonly<Record<string, string>>;
  /** The run of the sender. */
  readonly runId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly onMessage: OnMessage;
  /** The sender reports which starts of other nodes it has seen. */
  readonly onStarts: (told: StartsReport) => void;
  /** The stream is over; called once, never for `destroy`. */
  readonly onClosed: (reason: string) => void;
};

/** Bytes of answers that are kept for a caller that does not read them. */
const answerBytesMax = 4096;
const answerByte = new Uint8Array(1);

/** One stream of frames from one peer; lives from `open` until the caller, a fault or `destroy` ends it. */
export class IncomingStream {
  readonly #options: IncomingOptions;
  readonly #frames = createFrameReader();
  #receivedFrames = 0;
  #receivedBytes = 0;
  #silentBeats = 0;
  #answered = false;
  #closed = false;

  private constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** Accepts the stream: the caller may send from now on. */
  static open(options: IncomingOptions): IncomingStream {
    const stream = new IncomingStream(options);
    const { request, response } = options;
    request.on("data", (chunk: Buffer) => stream.#read(chunk));
    request.on("end", () => stream.#end("peer ended the stream"));
    request.on("error", (error) => stream.#end(error.message));
    request.on("close", () => stream.#end("connection closed"));
    response.on("error", (error) => stream.#end(error.message));
    response.writeHead(200, options.headers);
    response.flushHeaders();
    return stream;
  }

  get runId(): string {
    return this.#options.runId;
  }

  /** Whether anything came within the last peer timeout. */
  get isHeard(): boolean {
    return !this.#closed && this.#silentBeats <= beatsPerTimeout;
  }

  get receivedFrames(): number {
    return this.#receivedFrames;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** To be called once a beat; ends a stream whose caller went silent. */
  beat(): void {
    this.#answered = false;
    this.#silentBeats += 1;
    if (this.#silentBeats > silentBeatsMax) this.#end("peer went silent");
  }

  /** Ends the stream without calling `onClosed`. */
  destroy(): void {
    this.#closed = true;
    this.#options.request.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    this.#silentBeats = 0;
    this.#receivedBytes += chunk.byteLength;
    this.#answer();
    try {
      readFrames(this.#frames, chunk, (payload) => this.#deliver(payload));
    } catch (error) {
      // Any other error was thrown by the receiver of the message, and is not the peer's fault.
      if (!(error instanceof WireError)) throw error;
      this.#end(`bad frame: ${error.message}`);
    }
  }

  #deliver(payload: Buffer): void {
    // A message may have ended the stream, and the rest of the chunk with it.
    if (this.#closed) return;
    const starts = startsIn(payload);
    if (starts !== undefined) {
      this.#options.onStarts(starts);
      return;
    }
    const message = decodeMessage(payload);
    const { receiver, sender, runId } = this.#options;
    if (message.from !== sender) throw new WireError(`message from ${message.from} on the stream of ${sender}`);
    if (message.to !== receiver) throw new WireError(`message to ${message.to} at ${receiver}`);
    // Proposals name the run that made them, and their end is reported to it: a node must not propose in the name of another run.
    if (message.kind === "proposeRequest" && message.proposals.some(({ id }) => id.runId !== runId)) {
      throw new WireError(`a proposal of another run on the stream of ${sender}`);
    }
    this.#receivedFrames += 1;
    const fault = this.#options.onMessage(message);
    if (fault !== null) throw new WireError(fault);
  }

  /** One byte a beat shows that this node is alive. */
  #answer(): void {
    if (this.#answered) return;
    this.#answered = true;
    const { response } = this.#options;
    if (response.writableLength > answerBytesMax) this.#end("peer does not read answers");
    else response.write(answerByte);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const { request, response } = this.#options;
    // An orderly end is answered with one, so that the caller knows that everything arrived.
    if (request.complete) response.end();
    else request.destroy();
    this.#options.onClosed(reason);
  }
}

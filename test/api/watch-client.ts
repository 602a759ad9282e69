/**
 * This file is a client of the watch gateway for tests: Socket.IO's own client, which remembers all it hears. Every
 * message is held against the document when it comes.
 */
import { io, type Socket } from "socket.io-client";
import { document } from "../../openapi/generated/document.ts";
import { checkSchema } from "./contract-recorder.ts";
import type { TestApi } from "./harness.ts";

/** One message of the gateway. */
export type Heard = { readonly event: string; readonly message: Record<string, unknown> };
type Described = { readonly payload: { readonly $ref: string }; readonly ack?: { readonly $ref: string } };
type Protocol = { readonly serverToClient: Record<string, Described>; readonly clientToServer: Record<string, Described> };

const protocol = document["x-socket-io"] as unknown as Protocol;

/** A connected Socket.IO client that remembers every message; `close` ends it. */
export class WatchClient {
  readonly socket: Socket;
  readonly heard: Heard[] = [];
  readonly faults: string[] = [];
  /** Whether snapshots and events are acknowledged as they come. */
  acknowledges = true;
  #wake: (() => void)[] = [];

  constructor(api: TestApi, options: Record<string, unknown> = {}) {
    this.socket = io(`${api.url}/watch`, {
      path: "/v1/socket.io",
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      ...options,
    });
    this.socket.onAny((event: string, message: Record<string, unknown>) => this.#hear(event, message));
    this.socket.on("disconnect", () => this.#notify());
    this.socket.on("connect_error", () => this.#notify());
  }

  /** Connects and waits for the greeting. */
  static async connect(api: TestApi): Promise<WatchClient> {
    const client = new WatchClient(api);
    await client.until(() => client.heard.some(({ event }) => event === "hello"));
    return client;
  }

  /** Sends with a callback and settles with what it is called with, which is as documented. */
  async ask(event: string, message: unknown): Promise<Record<string, unknown>> {
    const answer = (await this.socket.timeout(10_000).emitWithAck(event, message)) as Record<string, unknown>;
    checkSchema(schemaOf(protocol.clientToServer[event]?.ack), answer);
    return answer;
  }

  /** All messages of one event, of one watch if it is named. */
  of(event: string, watchId?: string): readonly Record<string, unknown>[] {
    return this.heard
      .filter((heard) => heard.event === event && (watchId === undefined || heard.message["watchId"] === watchId))
      .map((heard) => heard.message);
  }

  /** The revisions of all batches of a watch, in the order of their arrival. */
  revisions(watchId: string): readonly number[] {
    return this.batches(watchId).map((batch) => batch.revision);
  }

  batches(watchId: string): readonly { readonly revision: number; readonly events: readonly Record<string, unknown>[] }[] {
    return this.of("watch:events", watchId).flatMap((message) => message["batches"] as never);
  }

  /** Settles once `condition` holds; looks again at every message. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  close(): void {
    this.socket.disconnect();
  }

  #hear(event: string, message: Record<string, unknown>): void {
    try {
      checkSchema(schemaOf(protocol.serverToClient[event]?.payload), message);
    } catch (fault) {
      this.faults.push(String(fault));
    }
    this.heard.push({ event, message });
    if (this.acknowledges && typeof message["seq"] === "number") {
      this.socket.emit("watch:ack", { watchId: message["watchId"], seq: message["seq"] });
    }
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }
}

function schemaOf(reference: { readonly $ref: string } | undefined): string {
  if (reference === undefined) throw new Error("the document does not describe this message");
  return reference.$ref.replace("#/components/schemas/", "");
}

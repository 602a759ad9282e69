/**
 * This file makes request and response classes for node:http that are already what Express makes of them. Express sets the
 * prototype of both on every request, which costs more than everything else it does; when the prototype is the right
 * one from the start, the call changes nothing and costs nothing.
 */
import { IncomingMessage, ServerResponse } from "node:http";
import type { Express } from "express";
import { assert } from "../src/base/assert.ts";
import type { ApiPorts } from "./ports.ts";

/** A response with the time when its request began and the path template that answers it. */
export type AppResponse = ServerResponse & {
  /** Monotonic. */
  readonly startedAtMs: number;
  route: string;
};

/** The classes to be given to `createServer` of node:http. */
export type NativeClasses = { readonly IncomingMessage: typeof IncomingMessage; readonly ServerResponse: typeof ServerResponse };

/** Makes the classes for one app and puts their prototypes in place of `app.request` and `app.response`. `clock` times the responses. */
export function createNativeClasses(app: Express, clock: ApiPorts["clock"]): NativeClasses {
  class AppRequest extends IncomingMessage {}
  class TimedResponse<Received extends IncomingMessage = IncomingMessage> extends ServerResponse<Received> {
    readonly startedAtMs = clock.monotonicMs();
    route = "none";
  }
  adopt(AppRequest.prototype, app.request, IncomingMessage.prototype);
  adopt(TimedResponse.prototype, app.response, ServerResponse.prototype);
  app.request = AppRequest.prototype as typeof app.request;
  app.response = TimedResponse.prototype as unknown as typeof app.response;
  return { IncomingMessage: AppRequest, ServerResponse: TimedResponse };
}

/** Makes `prototype` inherit from `expressPrototype`, and through it from node:http's class. */
function adopt(prototype: object, expressPrototype: object, nodePrototype: object): void {
  assert(Object.prototype.isPrototypeOf.call(nodePrototype, expressPrototype), "Express does not extend node:http's class");
  Object.setPrototypeOf(prototype, expressPrototype);
}

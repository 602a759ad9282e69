/**
 * This file puts the API of a node together as far as it needs no socket: what all parts share, and what happens to a request from
 * its head on. The server puts it on a port; the simulator calls it directly.
 */
import type { IncomingMessage } from "node:http";
import express from "express";
import type { KeyholdService } from "../src/node/service.ts";
import type { ApiContext, ApiLimits, Logger } from "./context.ts";
import type { Contract } from "./contract/contract.ts";
import { type Problem, problemReply } from "./contract/problem.ts";
import { createHostCheck } from "./hosts.ts";
import type { Metrics } from "./metrics.ts";
import { type AppResponse, createNativeClasses, type NativeClasses } from "./native-classes.ts";
import type { ApiPorts } from "./ports.ts";
import { createAdmission } from "./refusals.ts";
import { Answers } from "./rest/answers.ts";
import { createApp } from "./rest/app.ts";
import { BodyBudget } from "./rest/body-budget.ts";
import { createResponder } from "./rest/respond.ts";

/** What the API of a node is made of. */
export type AssemblyOptions = {
  readonly service: KeyholdService;
  readonly ports: ApiPorts;
  /** keyhold.yaml, parsed, and compiled from it. */
  readonly document: object;
  readonly contract: Contract;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: ApiLimits;
  /** Names by which clients may call this node besides its own addresses: `name` or `name:port`. */
  readonly hostNames: readonly string[];
  /** Advice when this node may never find a leader, for `/readyz`; undefined when there is none. */
  readonly noLeaderAdvice: () => string | undefined;
  /** Called with every unexpected error. */
  readonly onInternalError: (error: unknown) => void;
};

/** The API of a node, to be put on a server. */
export type Assembly = {
  readonly context: ApiContext;
  /** The classes of which the server makes requests and responses. */
  readonly classes: NativeClasses;
  /** Checks every request before anything else handles it: a problem refuses it, null lets it pass. */
  readonly admit: (request: IncomingMessage) => Problem | null;
  /** Answers one request; with `refusal` if one is given and the request has no other fault. */
  handle(request: IncomingMessage, response: AppResponse, refusal: Problem | null): void;
  /** From now on every answer is the last on its connection, and no watch or wait is begun. */
  beginClosing(): void;
  /** Stops the timers. To be called when the last answer is written or given up. */
  close(): void;
};

/** The API of one node, without a port. It has timers until `close`. */
export function assembleApi(options: AssemblyOptions): Assembly {
  const { service, ports, document, metrics, logger, limits } = options;
  const answers = new Answers(limits.answers, logger, ports.timers);
  let closing = false;
  const context: ApiContext = {
    service,
    ports,
    contract: options.contract,
    documentJson: JSON.stringify(document),
    responder: createResponder({ service, ports, metrics, logger, answers, closing: () => closing }),
    answers,
    bodies: new BodyBudget(limits.bodies, ports.clock.monotonicMs),
    metrics,
    logger,
    limits,
    closing: () => closing,
    noLeaderAdvice: options.noLeaderAdvice,
    onInternalError: options.onInternalError,
  };
  const app = express();
  const classes = createNativeClasses(app, ports.clock);
  const routes = createApp(app, context);
  const admit = createAdmission(context, createHostCheck({ names: options.hostNames, ownUrl: () => ownUrlOf(service) }));
  return {
    context,
    classes,
    admit,
    handle(request, response, refusal) {
      const refused = admit(request) ?? refusal;
      if (refused === null) {
        routes(request, response);
        return;
      }
      response.shouldKeepAlive = false;
      context.responder.send(response, problemReply(refused));
    },
    beginClosing() {
      closing = true;
    },
    close: () => answers.close(),
  };
}

/** This node's API URL in the membership. */
function ownUrlOf(service: KeyholdService): string | undefined {
  const { nodeId, members } = service.status();
  return members.find((member) => member.id === nodeId)?.address.apiUrl;
}

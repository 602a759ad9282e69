/**
 * This file puts the API of a node together as far as no socket is needed: what all parts are given, and what happens to a request from
 * its head on. The server puts it on a port; the simulator calls it.
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

export type AssemblyOptions = {
  readonly service: KeyholdService;
  readonly ports: ApiPorts;
  /** keyhold.yaml, parsed, and compiled from it. */
  readonly document: object;
  readonly contract: Contract;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: ApiLimits;
  /** What clients may call this node beside its own addresses: `name` or `name:port`. */
  readonly hostNames: readonly string[];
  /** Why this node may never find a leader, for `/readyz`. */
  readonly noLeaderAdvice: () => string | undefined;
  /** Told of every error that is our own fault. */
  readonly onInternalError: (error: unknown) => void;
};

export type Assembly = {
  readonly context: ApiContext;
  /** What requests and responses are to be made of. */
  readonly classes: NativeClasses;
  /** What every request is held against before anything else looks at it; null lets it pass. */
  readonly admit: (request: IncomingMessage) => Problem | null;
  /** Answers one request; with `refusal`, when it is given and nothing else is wrong with it. */
  handle(request: IncomingMessage, response: AppResponse, refusal: Problem | null): void;
  /** From now on every answer is the last on its connection, and nothing is begun that lasts. */
  beginClosing(): void;
  /** Stops the timers. To be called when the last answer is written or given up. */
  close(): void;
};

/** The API of one node, without a way in. It has timers until `close`. */
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

/** Where the membership says that this node is. */
function ownUrlOf(service: KeyholdService): string | undefined {
  const { nodeId, members } = service.status();
  return members.find((member) => member.id === nodeId)?.address.apiUrl;
}

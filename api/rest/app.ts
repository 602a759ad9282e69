/**
 * This file is the overview of REST: what happens to a request, in order. Position, security and request-id
 * headers are not here: the responder puts them on every answer (respond.ts).
 */
import type { RequestListener } from "node:http";
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import { assert } from "../../src/base/assert.ts";
import type { ApiContext } from "../context.ts";
import { normaliseKeyPath } from "../contract/key-path.ts";
import { internalProblem, invalidRequest, methodNotAllowed, notFound, type Problem, problemReply } from "../contract/problem.ts";
import type { AppResponse } from "../native-classes.ts";
import { bindClusterRoutes } from "./cluster-routes.ts";
import { bindConfigRoutes } from "./config-routes.ts";
import { bindLeaseRoutes } from "./lease-routes.ts";
import { bindLockRoutes } from "./lock-routes.ts";
import { bindOpsRoutes } from "./ops-routes.ts";
import { createRouter, expressPath } from "./routing.ts";

/** Adds everything of REST to `app`; asserts that every operation of the document has a route. */
export function createApp(app: Express, context: ApiContext): RequestListener {
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", false);
  app.set("query parser", false);
  app.enable("strict routing");
  app.enable("case sensitive routing");

  app.use(keyPaths(context));

  const router = createRouter(app, context);
  bindConfigRoutes(router, context);
  bindLockRoutes(router, context);
  bindLeaseRoutes(router, context);
  bindClusterRoutes(router, context);
  bindOpsRoutes(router, context);
  for (const { id } of context.contract.operations) assert(router.bound.has(id), `operation ${id} has no route`);

  for (const [template, methods] of methodsByTemplate(context)) {
    app.all(expressPath(template), (request, response) => {
      respond(context, response, methodNotAllowed(request.method, methods));
    });
  }
  app.use((request, response) => respond(context, response, notFound(request.path)));
  app.use(lastResort(context));
  return app as unknown as RequestListener;
}

/** Turns keys in paths into one segment each. */
function keyPaths(context: ApiContext): RequestHandler {
  return (request, response, next) => {
    const url = normaliseKeyPath(request.method, request.url);
    if (!url.ok) {
      respond(context, response, invalidRequest(url.error, "path"));
      return;
    }
    request.url = url.value;
    request.originalUrl = url.value;
    next();
  };
}

/** Answers errors that were thrown rather than returned with `internal`, and logs them. */
function lastResort(context: ApiContext): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next) => {
    if (error instanceof URIError) {
      respond(context, response, invalidRequest("The path is not valid percent-encoded UTF-8.", "path"));
      return;
    }
    context.logger.error(
      { err: error, method: request.method, route: (response as unknown as AppResponse).route },
      "request failed",
    );
    if (response.headersSent) response.destroy();
    else respond(context, response, internalProblem());
    context.onInternalError(error);
  };
}

function respond(context: ApiContext, response: Response, problem: Problem): void {
  context.responder.send(response as unknown as AppResponse, problemReply(problem));
}

/** The methods of each path; HEAD comes with GET. */
function methodsByTemplate(context: ApiContext): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { template, method } of context.contract.operations) {
    const methods = found.get(template) ?? [];
    found.set(template, [...methods, ...(method === "GET" ? ["GET", "HEAD"] : [method])]);
  }
  return found;
}

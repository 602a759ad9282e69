/**
 * This file answers operators and tools: probes, metrics, the document.
 */
import { err, ok } from "../../src/base/result.ts";
import { readinessOf } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { notReady } from "../contract/problem.ts";
import { json } from "./exchange-options.ts";
import { jsonHeaders } from "./respond.ts";
import type { Router } from "./routing.ts";

/** Options of routes that are answered at once, however much other clients do not read. */
const vital = { waitsForRoom: "never" } as const;

/** Binds the operations that need no cluster. */
export function bindOpsRoutes(router: Router, context: ApiContext): void {
  // Shows only that the process serves requests: a node must not be restarted because it has no leader.
  router.bind(
    "getLiveness",
    ({ query }) =>
      json(
        query.verbose === undefined
          ? { status: "ok" }
          : { status: "ok", checks: [{ name: "process", ok: true, detail: "serves" }] },
      ),
    vital,
  );
  router.bind(
    "getReadiness",
    ({ query }) => {
      const { service, closing, noLeaderAdvice } = context;
      const checks = readinessOf(service.status(), { closing: closing(), noLeaderAdvice });
      const failed = checks.filter((check) => !check.ok);
      const verbose = query.verbose !== undefined;
      if (failed.length === 0) return json(verbose ? { status: "ok", checks } : { status: "ok" });
      const detail = failed.map((check) => `${check.name}: ${check.detail}`).join("; ");
      return err(notReady(detail, verbose ? checks : undefined));
    },
    vital,
  );
  router.bind(
    "getMetrics",
    async () => {
      const { contentType, text } = await context.metrics.render();
      return ok({ status: 200, headers: ["Content-Type", contentType], body: text });
    },
    vital,
  );
  // One buffer for all readers.
  const document = Buffer.from(context.documentJson);
  router.bind("getOpenApi", () => ok({ status: 200, headers: jsonHeaders, body: document }), vital);
}

/**
 * This file answers operators and tools: probes, metrics, the document.
 */
import { err, ok } from "../../src/base/result.ts";
import { lostForGoodAdvice } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { notReady } from "../contract/problem.ts";
import { json } from "./exchange-options.ts";
import { jsonHeaders } from "./respond.ts";
import type { Router } from "./routing.ts";

const notBackYet = "part of the log was lost, and no leader has brought it back yet";

/** Options of routes that are answered at once, however much other clients do not read. */
const vital = { waitsForRoom: "never" } as const;

type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

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
      const checks = readinessChecks(context);
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

function readinessChecks(context: ApiContext): readonly Check[] {
  const status = context.service.status();
  const lag = status.commitIndex - status.appliedIndex;
  const { readyLagMax } = context.limits;
  const advice = status.leaderId === null ? context.noLeaderAdvice() : undefined;
  const none = `none known in term ${status.term}${advice === undefined ? "" : `: ${advice}`}`;
  return [
    {
      name: "leader",
      ok: status.leaderId !== null,
      detail: status.leaderId === null ? none : `${status.leaderId} in term ${status.term}`,
    },
    { name: "applied", ok: lag <= readyLagMax, detail: `${lag} entries behind commit, at most ${readyLagMax} allowed` },
    {
      name: "state",
      ok: !status.quarantined,
      detail: status.quarantined ? (lostForGoodAdvice(status) ?? notBackYet) : "complete",
    },
    { name: "open", ok: !context.closing(), detail: context.closing() ? "shutting down" : "takes requests" },
  ];
}

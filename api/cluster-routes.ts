/**
 * This file answers /v1/cluster: where the node that was asked stands, from what it knows.
 */
import type { ApiContext } from "./context.ts";
import { json } from "./exchange-options.ts";
import type { Router } from "./routing.ts";
import { clusterShape } from "./wire-format.ts";

/** Binds the operations on the cluster. */
export function bindClusterRoutes(router: Router, context: ApiContext): void {
  router.bind("getCluster", () => json(clusterShape(context.service.status())));
}

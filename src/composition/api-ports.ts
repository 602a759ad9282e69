/**
 * This file is the world as the API of a real process has it.
 */
import { randomUUID } from "node:crypto";
import { httpNodeCall } from "../../api/node-call.ts";
import type { ApiPorts } from "../../api/ports.ts";
import { realTime } from "../node/real-time.ts";

/** What the API of a node in a real process is given as `ports`. */
export const realApiPorts: ApiPorts = { ...realTime, newId: randomUUID, callNode: httpNodeCall(realTime.timers) };

/**
 * This file lets a node that is not a first member ask a member which cluster it joins (DECISIONS 16).
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { askGenesis, type Genesis } from "../transport/genesis.ts";
import { type BootstrapLog, callerOf, NotAdmitted } from "./form.ts";

const retryMs = 250;
/** Milliseconds: time to start a first member by hand; after it the process ends, and its supervisor may start it again. */
const joinMsMax = 60_000;

/** No member answered for a minute; starting again helps once one does. */
class NoMemberAnswered extends Error {
  override readonly name = "NoMemberAnswered";
  readonly code = "noMemberAnswered";
}

/**
 * A member's answer about its cluster. Rejects with NotAdmitted if all refuse, when none answers in a minute, or with the signal's
 * reason.
 */
export async function findCluster(
  config: Config,
  { log, signal }: { readonly log: BootstrapLog; readonly signal: AbortSignal },
): Promise<Genesis> {
  const deadlineMs = performance.now() + joinMsMax;
  let last = "";
  while (performance.now() < deadlineMs) {
    let refusals = 0;
    for (const url of config.joinUrls) {
      signal.throwIfAborted();
      const answer = await askGenesis(url, callerOf(config, null));
      if (answer.ok && answer.value.kind === "established") return answer.value;
      const detail = answer.ok ? `${url}: its cluster has not begun yet` : answer.error.detail;
      if (!answer.ok && answer.error.kind !== "unreachable") refusals += 1;
      // An address may belong to another program by now; only when all refuse is it final.
      if (refusals === config.joinUrls.length) throw new NotAdmitted(`no member lets this node in: ${detail}`);
      if (last !== detail) log.warn({ detail }, "waiting for a member to answer");
      last = detail;
    }
    await delay(retryMs, undefined, { signal });
  }
  throw new NoMemberAnswered(`no member answered within ${joinMsMax / 1000} s; the last try: ${last}`);
}

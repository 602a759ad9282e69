/**
 * This file lists bugs to plant in the client package: what they break, only programs that use it can see.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

const holds: readonly Mutant[] = [
  {
    name: "hold-counts-from-the-last-attempt",
    why: "the grant may be as old as the first attempt, whose answer was lost",
    edits: [edit("openapi/client/locks", "notGrantedAt ??= reply.value.firstSentAt;", "notGrantedAt ??= reply.value.sentAt;")],
  },
  {
    name: "hold-trusts-the-monotonic-clock",
    why: "it stands still while the machine is suspended",
    edits: [
      edit(
        "openapi/client/environment",
        "Math.max(clock.monotonicMs() - moment.monotonicMs, clock.wallTimeMs() - moment.wallTimeMs)",
        "clock.monotonicMs() - moment.monotonicMs",
      ),
    ],
  },
  {
    name: "hold-trusts-the-wall-clock",
    why: "it may be set back",
    edits: [
      edit(
        "openapi/client/environment",
        "Math.max(clock.monotonicMs() - moment.monotonicMs, clock.wallTimeMs() - moment.wallTimeMs)",
        "clock.wallTimeMs() - moment.wallTimeMs",
      ),
    ],
    // A run meets it only when a wall clock is set back by about a TTL in the last third of a hold: not from every start in 40 seeds.
    suite: fixed("client/hold"),
  },
  {
    name: "late-grant-confirmed-for-nobody",
    why: "the caller has given up, and the lock is held until its TTL ends",
    edits: [
      edit("openapi/client/locks", "{ timeoutMs, attemptTimeoutMs, ...present({ signal }) }", "{ timeoutMs, attemptTimeoutMs }"),
    ],
    suite: fixed("client/locks"),
  },
  {
    name: "late-grant-asked-of-one-node",
    why: "a node that is silent uses up the time in which another one could renew",
    edits: [
      edit(
        "openapi/client/locks",
        "{ timeoutMs, attemptTimeoutMs, ...present({ signal }) }",
        "{ timeoutMs, attemptTimeoutMs: ttlMs / 3, ...present({ signal }) }",
      ),
    ],
    suite: fixed("client/locks"),
  },
  {
    name: "signal-fires-when-the-lease-has-ended",
    why: "then the lock may be somebody else's already",
    edits: [
      edit("openapi/client/hold", "return this.ttlMs - marginMs(this.ttlMs) -", "return this.ttlMs + marginMs(this.ttlMs) -"),
    ],
  },
];

const calls: readonly Mutant[] = [
  {
    name: "repeat-under-another-name",
    why: "what an attempt without an answer did is done again",
    edits: [
      edit(
        "openapi/client/transport",
        "headers: nameHeaders(request.name) }",
        "headers: nameHeaders(request.name && { ...request.name, id: settings.environment.newRequestId() }) }",
      ),
    ],
  },
  {
    name: "only-the-last-attempt-counts",
    why: "one before it may be carried out after every refusal",
    edits: [
      edit(
        "openapi/client/retries",
        "retries.mayHaveHappened ||= context.mutates && leavesOpen(setback);",
        "retries.mayHaveHappened = context.mutates && leavesOpen(setback);",
      ),
    ],
  },
  {
    name: "impossible-request-is-tried",
    why: "what can never be sent ends as a write that may have happened",
    edits: [edit("openapi/client/transport", "if (!isMade) throw", "if (!isMade && target.timeoutMs < 0) throw")],
    suite: fixed("client/transport"),
  },
  {
    name: "endless-time-taken",
    why: "a timer that no host can keep fires at once, and no attempt ever has the time to be answered",
    edits: [
      edit("openapi/client/options", "if (value >= min && value <= max) return value;", "if (!(value < min)) return value;"),
    ],
    suite: fixed("client/transport"),
  },
  {
    name: "forgotten-request-repeated-by-the-sdk",
    why: "an attempt without an answer may have been carried out, and a node that forgot it cannot tell",
    edits: [edit("openapi/client/transport", "!retries.mayHaveHappened &&", "")],
    // A node forgets after 100,000 requests or a day, which no run reaches.
    suite: fixed("client/transport"),
  },
  {
    name: "endpoint-is-never-left",
    why: "a node that is down stays so for who asks no other",
    edits: [edit("openapi/client/transport", "if (current() === endpoint) index =", "if (current() !== endpoint) index =")],
  },
  {
    name: "write-of-an-update-begins-anew",
    why: "the read has used up some of its time",
    edits: [
      edit(
        "openapi/client/config",
        "timeoutMs: Math.max(1, deadlineMs - clock.monotonicMs()) });\n    for (",
        "timeoutMs: options.timeoutMs ?? 10_000 });\n    for (",
      ),
    ],
  },
];

const watches: readonly Mutant[] = [
  {
    name: "resume-skips-a-revision",
    why: "what comes next has not been told",
    edits: [edit("openapi/client/watch-cursor", "{ revision: this.#revision + 1 }", "{ revision: this.#revision + 2 }")],
  },
  {
    name: "resume-from-what-was-opened",
    why: "a watch from now that has told changes goes on after them, and not from the new now",
    edits: [
      edit(
        "openapi/client/watch-cursor",
        "return this.#revision === undefined ? this.#from",
        'return this.#revision === undefined || this.#from === "now" ? this.#from',
      ),
    ],
  },
  {
    name: "parts-of-a-snapshot-outlive-the-socket",
    why: "the next node sends all parts",
    edits: [edit("openapi/client/watch-cursor", "this.#parts = [];\n    if (this.#from", "if (this.#from")],
    // Snapshots of a run are small: few sockets end between two parts of one.
    suite: fixed("client/watch-cursor"),
  },
  {
    name: "closed-watch-tells-its-message",
    why: "close ends the iteration after the present item, and a message may hold dozens",
    edits: [
      edit("openapi/client/watch", 'if (signal.aborted) return { next: "retry", workedForAWhile };\n yield item;', "yield item;"),
    ],
    suite: fixed("client/watch"),
  },
  {
    name: "closed-watch-keeps-its-socket",
    why: "a consumer that is busy may never come back, and the process never ends",
    edits: [
      edit(
        "openapi/client/watch-session",
        'this.#push({ kind: "dead", detail: "closed" });\n      this.close();',
        'this.#push({ kind: "dead", detail: "closed" });',
      ),
    ],
  },
];

/** All of them. */
export const sdkMutants: readonly Mutant[] = [...holds, ...calls, ...watches];

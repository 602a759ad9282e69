/**
 * This file lists bugs to plant in what bounds that which arrives, and the test file that finds each.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

/** Floods that strangers send, at both ports and on the way back. */
export const floodMutants: readonly Mutant[] = [
  {
    name: "unfinished-bodies-not-counted",
    why: "values that lack a byte each take a MiB for half a minute, on as many connections as there are",
    edits: [
      edit(
        "api/rest/body-budget",
        "while (this.#keptBytes > this.#limits.unfinishedBytesMax) {",
        "while (this.#keptBytes < 0) {",
      ),
    ],
    suite: fixed("api/unfinished-bodies"),
  },
  {
    name: "dripping-bodies-flow",
    why: "a byte now and then keeps a stalled body, and honest ones are ended in its place",
    edits: [
      edit("api/rest/body-budget", "if (body.arrivedBytes >= this.#limits.flowBytesMin) {", "if (body.arrivedBytes > 0) {"),
    ],
    suite: fixed("api/unfinished-bodies"),
  },
  {
    name: "unfinished-messages-not-counted",
    why: "thousands of websockets each hold the most of a message that never ends",
    edits: [edit("api/watch/inbound-backlog", "while (this.#bytes > this.bytesMax) {", "while (this.#bytes < 0) {")],
    suite: fixed("api/inbound-backlog"),
  },
  {
    name: "interim-answers-read",
    why: "a stranger on the address of a member that is down answers 103 without end, and the leader is deposed",
    edits: [edit("src/intake/answer-guard", 'request.on("information",', 'request.on("informed",')],
    suite: fixed("transport/hostile-answers"),
  },
  {
    name: "pipelined-requests-taken-in-at-once",
    why: "two thousand requests of one client are parsed in one go, and ten such clients depose a leader",
    edits: [
      edit(
        "src/intake/intake",
        "this.#hold(connection, chunk);\n    let wantsMore = false;",
        "if (chunk.length > 0) return connection.pass(chunk);\n    let wantsMore = false;",
      ),
    ],
    suite: fixed("api/intake"),
  },
  {
    name: "reads-from-who-owes-answers",
    why: "a client that reads nothing makes the node hold an answer for each request that it sends",
    edits: [edit("src/intake/intake", "(released || open.size === 0 ||", "(released || open.size >= 0 ||")],
    suite: fixed("api/intake"),
  },
  {
    name: "two-requests-in-a-slice",
    why: "what follows a body is served before the request with the body was answered",
    edits: [edit("src/intake/intake", "const ofBody = Math.min(length, connection.bodyBytesLeft);", "const ofBody = length;")],
    suite: fixed("api/intake"),
  },
  {
    name: "who-arrives-pays",
    why: "an honest upload is cut because others pipeline behind requests that wait",
    edits: [edit("src/intake/intake", "if (weight > most) [heaviest, most]", "if (weight > 0) [heaviest, most]")],
    suite: fixed("api/intake"),
  },
  {
    name: "strangers-taken-in-at-once",
    why: "who does not know the secret holds up the heartbeats of a leader",
    edits: [edit("src/transport/peer-server", "this.#intake.attach(socket);", "")],
    suite: fixed("transport/strangers"),
  },
  {
    name: "answers-without-a-budget",
    why: "some dozens of clients that read nothing end a node",
    edits: [
      edit(
        "api/rest/answers",
        "return this.#budget.hasRoom && (called || !this.#budget.isContended);",
        "return this.#budget.bytes >= 0 || called;",
      ),
    ],
    suite: fixed("api/unread-answers"),
  },
  {
    name: "all-answers-at-once",
    why: "ten thousand reads that waited for one word of the leader hold up its heartbeats",
    edits: [
      edit(
        "src/node/waits/answer-queue",
        "return this.#givenInSlice < answersPerSlice && this.#spentMs < sliceMs;",
        "return this.#spentMs < sliceMs;",
      ),
    ],
    suite: fixed("node/answer-queue"),
  },
  {
    name: "deadline-of-the-moment-not-seen",
    why: "a lease that is due now ends only when something else is written, or at the next second",
    edits: [
      edit("src/machine/reads/lookups", "{ below: deadlinesAfter(until) }", "{ below: deadlinesAfter(until).slice(0, -1) }"),
    ],
    suite: fixed("machine/model"),
  },
  {
    name: "answers-overtake-others",
    why: "who asks while others wait is answered before them, and they wait for as long as somebody asks",
    edits: [edit("src/node/waits/answer-queue", "this.#finished.length === 0 && this.#hasRoomNow()", "this.#hasRoomNow()")],
    suite: fixed("node/answer-queue"),
  },
  {
    name: "answers-wait-for-lists",
    why: "a renewal that was committed is answered after a hundred lists that others asked for, and its holder gives up the lock",
    edits: [
      edit(
        "src/node/waits/answer-queue",
        "this.#finished.length === 0 && this.#hasRoomNow()",
        "this.length === 0 && this.#hasRoomNow()",
      ),
      edit(
        "src/node/waits/answer-queue",
        "given < this.#finished.length && this.#hasRoom; given++",
        "given < this.#finished.length && this.#hasRoom && this.#reads.list.length === 0; given++",
      ),
    ],
    suite: fixed("node/answer-queue"),
  },
  {
    name: "lookups-wait-for-lists",
    why: "a read of one key waits for every list that was asked for before it",
    edits: [
      edit("src/node/waits/answer-queue", 'const second = first === "lookup" ? "list" : "lookup";', "const second = first;"),
    ],
    suite: fixed("node/answer-queue"),
  },
  {
    name: "reads-of-clients-that-left",
    why: "who asks for lists and hangs up keeps a node busy for as long as it likes",
    edits: [edit("src/node/waits/answer-queue", "if (read.isWanted?.() === false)", "if (read.deadlineMs < 0)")],
    suite: fixed("node/answer-queue"),
  },
  {
    name: "reads-made-at-the-stop",
    why: "a node that stops makes a thousand lists at once, and takes a minute and gigabytes for it",
    edits: [
      edit(
        "src/node/waits/answer-queue",
        'for (const read of reads[kind]) read.drop("closed");',
        "for (const read of reads[kind]) read.make();",
      ),
    ],
    suite: fixed("node/answer-queue"),
  },
  {
    name: "renewals-of-a-socket-without-end",
    why: "a socket that sends renewals faster than the cluster answers makes the node hold all of them and their answers",
    edits: [edit("api/watch/inbound-queue", "this.#renewing >= renewalsMax", "this.#renewing >= 1_000 * renewalsMax")],
    suite: fixed("api/inbound-queue"),
  },
];

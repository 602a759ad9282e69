/**
 * This file holds the answers to requests for votes to tables: who may be voted for, with which log, and when.
 */
import { describe, expect, test } from "vitest";
import { createFixture, type Given, hears, index, n1, n2, term, turnDurably } from "./node-fixture.ts";

type Case = {
  readonly name: string;
  readonly given: Given;
  /** A leader was heard just before. */
  readonly heard?: boolean;
  readonly ask: readonly [kind: "voteRequest" | "preVoteRequest", term: number, lastIndex: number, lastTerm: number];
  readonly transfer?: boolean;
  /** What is said to the candidate, and what is written. */
  readonly answer: readonly string[];
};

const log = [1, 1, 2];
const granted3 = ["persist #1: term 3 vote n2", "is follower in term 3, leader unknown", "to n2: term 3 voteResponse granted"];
const refused3 = [
  "persist #1: term 3 vote nobody",
  "is follower in term 3, leader unknown",
  "to n2: term 3 voteResponse refused",
];

const cases: readonly Case[] = [
  { name: "the same log", given: { log }, ask: ["voteRequest", 3, 3, 2], answer: granted3 },
  { name: "a longer log of the same term", given: { log }, ask: ["voteRequest", 3, 9, 2], answer: granted3 },
  {
    name: "a shorter log of a later term",
    given: { log },
    ask: ["voteRequest", 4, 1, 3],
    answer: ["persist #1: term 4 vote n2", "is follower in term 4, leader unknown", "to n2: term 4 voteResponse granted"],
  },
  { name: "a shorter log of the same term", given: { log }, ask: ["voteRequest", 3, 2, 2], answer: refused3 },
  { name: "a longer log of an earlier term", given: { log }, ask: ["voteRequest", 3, 9, 1], answer: refused3 },
  {
    name: "the same candidate again",
    given: { log, term: 3, votedFor: "n2" },
    ask: ["voteRequest", 3, 3, 2],
    answer: ["to n2: term 3 voteResponse granted"],
  },
  {
    name: "another candidate of the same term",
    given: { log, term: 3, votedFor: "n3" },
    ask: ["voteRequest", 3, 3, 2],
    answer: ["to n2: term 3 voteResponse refused"],
  },
  {
    name: "no vote given in this term yet",
    given: { log, term: 3 },
    ask: ["voteRequest", 3, 3, 2],
    answer: ["persist #1: term 3 vote n2", "to n2: term 3 voteResponse granted"],
  },
  {
    name: "a vote given in an earlier term is no vote",
    given: { log, term: 2, votedFor: "n3" },
    ask: ["voteRequest", 3, 3, 2],
    answer: granted3,
  },
  { name: "an earlier term gets no answer", given: { log, term: 5 }, ask: ["voteRequest", 3, 3, 2], answer: [] },
  {
    name: "§4.2.3 a leader was heard: no answer, no new term",
    given: { log },
    heard: true,
    ask: ["voteRequest", 3, 3, 2],
    answer: [],
  },
  {
    name: "a leader is known in this term: no other is needed",
    given: { log },
    heard: true,
    ask: ["voteRequest", 2, 3, 2],
    answer: ["to n2: term 2 voteResponse refused"],
  },
  {
    name: "§3.10 a leader was heard, and hands over",
    given: { log },
    heard: true,
    ask: ["voteRequest", 3, 3, 2],
    transfer: true,
    answer: granted3,
  },
  {
    name: "a learner votes: the candidate may know it as a voter",
    given: { log, voters: ["n2", "n3"], membership: { learners: [n1] } },
    ask: ["voteRequest", 3, 3, 2],
    answer: granted3,
  },
  {
    name: "a stranger votes: the candidate may know it as a voter",
    given: { log, voters: ["n2", "n3"] },
    ask: ["voteRequest", 3, 3, 2],
    answer: granted3,
  },
  {
    name: "§9.6 PreVote changes neither term nor vote",
    given: { log, term: 2, votedFor: "n3" },
    ask: ["preVoteRequest", 3, 3, 2],
    answer: ["to n2: term 3 preVoteResponse granted"],
  },
  {
    name: "§9.6 PreVote with a log that lags",
    given: { log, term: 2 },
    ask: ["preVoteRequest", 3, 2, 2],
    answer: ["to n2: term 2 preVoteResponse refused"],
  },
  {
    name: "§9.6 PreVote of an earlier term learns the later one",
    given: { log, term: 5 },
    ask: ["preVoteRequest", 3, 3, 2],
    answer: ["to n2: term 5 preVoteResponse refused"],
  },
  {
    name: "§9.6 PreVote while a leader is heard: no answer",
    given: { log },
    heard: true,
    ask: ["preVoteRequest", 3, 3, 2],
    answer: [],
  },
];

describe("§3.6.1 the vote goes to a log that holds at least as much", () => {
  for (const { name, given, heard, ask, transfer, answer } of cases) {
    test(name, () => {
      const fixture = createFixture(given);
      if (heard) turnDurably(fixture, hears(n2, 2, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
      const [kind, askedTerm, lastIndex, lastTerm] = ask;
      const last = { lastLogIndex: index(lastIndex), lastLogTerm: term(lastTerm) };
      const body = kind === "voteRequest" ? { kind, ...last, leadershipTransfer: transfer === true } : { kind, ...last };
      expect(turnDurably(fixture, hears(n2, askedTerm, body))).toEqual(answer);
    });
  }
});

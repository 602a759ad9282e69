/**
 * This file holds the cluster to its transcripts. `UPDATE_TRANSCRIPTS=1 npm test -- test/raft/transcripts.test.ts`
 * rewrites them; the diff is then read line by line, as the explanation of the change.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { playTranscript } from "./transcript.ts";

const folder = new URL("./transcripts/", import.meta.url);

for (const name of readdirSync(folder).sort()) {
  test(`the cluster still talks as in ${name}`, () => {
    const file = new URL(name, folder);
    const expected = readFileSync(file, "utf8");
    const played = playTranscript(expected);
    if (process.env["UPDATE_TRANSCRIPTS"] === "1") writeFileSync(file, played);
    else expect(played).toBe(expected);
  });
}

test("no transcript shows a broken invariant", () => {
  for (const name of readdirSync(folder)) {
    expect.soft(readFileSync(new URL(name, folder), "utf8"), name).not.toContain("INVARIANT VIOLATION");
  }
});

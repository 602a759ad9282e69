/**
 * This file reads what a peer answers that refuses a call, for programs and for people.
 */

/** A refusal in words for the log, on one line: of a problem document what it says to people. */
export function refusedText(statusCode: number | undefined, body: string): string {
  const problem = problemIn(body);
  const text = problem === undefined ? body : `${problem.code}: ${problem.detail}`;
  return `refused with ${statusCode}: ${text.replace(/\p{Cc}+/gu, " ").slice(0, 500)}`;
}

/** What a refusal says for programs; undefined when it says nothing of the kind. */
export function problemIn(text: string): { readonly code: string; readonly detail: string } | undefined {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem !== "object" || problem === null || !("code" in problem) || !("detail" in problem)) return undefined;
    const { code, detail } = problem;
    return typeof code === "string" && typeof detail === "string" ? { code, detail } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * This file reads the answer of a peer that refuses a call.
 */

/** One line for the log: the status, and the detail of a problem document or the start of the body. */
export function refusedText(statusCode: number | undefined, body: string): string {
  const problem = problemIn(body);
  const text = problem === undefined ? body : `${problem.code}: ${problem.detail}`;
  return `refused with ${statusCode}: ${text.replace(/\p{Cc}+/gu, " ").slice(0, 500)}`;
}

/** The code and detail of a problem document; undefined when the text is none. */
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

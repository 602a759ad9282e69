/**
 * This file remembers what happened in a run, twice: as one number, by which two runs of a seed are compared, and as
 * lines for people, of which only the last are kept unless the whole story was asked for.
 */

/** Lines kept when nobody asked for the story: enough to see what led to a failure. */
const linesKept = 400;

/** The trace of one run. */
export class Trace {
  readonly #wholeStory: boolean;
  readonly #lines: string[] = [];
  #first = 0;
  #low = 0x811c9dc5;
  #high = 0x9747b28c;

  constructor(options: { readonly wholeStory: boolean }) {
    this.#wholeStory = options.wholeStory;
  }

  /** Mixes numbers into the hash: what kind of thing happened, to whom, with which figure. */
  note(kind: number, subject: number, figure: number): void {
    this.#mix(kind | 0);
    this.#mix(subject | 0);
    this.#mix(figure | 0);
    // Fractions and what lies above 32 bits count as well.
    this.#mix(((figure - Math.floor(figure)) * 0x1_0000_0000) | 0);
    this.#mix((figure / 0x1_0000_0000) | 0);
  }

  noteText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }

  /** Adds a line to the whole story only; it does not count for the hash, so that asking for the story changes nothing. */
  detail(nowMs: number, line: () => string): void {
    if (this.#wholeStory) this.#lines.push(`${nowMs.toFixed(3).padStart(12)}    ${line()}`);
  }

  /** Adds a line to the story and to the hash. */
  tell(nowMs: number, line: string): void {
    this.noteText(line);
    this.#lines.push(`${nowMs.toFixed(3).padStart(12)}  ${line}`);
    if (this.#wholeStory) return;
    this.#first = Math.max(0, this.#lines.length - linesKept);
    if (this.#lines.length < 2 * linesKept) return;
    this.#lines.splice(0, this.#lines.length - linesKept);
    this.#first = 0;
  }

  /** Oldest first. */
  lines(): readonly string[] {
    return this.#lines.slice(this.#first);
  }

  /** Equal for two runs in which the same things happened in the same order: 16 hex digits. */
  hash(): string {
    return hex(this.#high) + hex(this.#low);
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ word ^ (this.#low >>> 13), 0x5bd1e995);
    this.#high ^= this.#high >>> 15;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

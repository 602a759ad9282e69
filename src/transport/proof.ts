/**
 * This file is how two nodes prove to each other that both know the peer secret, without ever sending it (DECISIONS 26). The
 * callee gives out a challenge, the caller answers it with an HMAC over its whole call, and the callee's answer carries an
 * HMAC over the caller's nonce and the whole answer. A captured call cannot be repeated, an answer cannot be made up, and
 * no clock but the callee's own is read.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Who may call a node, and how it proves that. */
export type PeerAccess =
  /** Every caller that proves that it knows the secret. */
  | { readonly kind: "secret"; readonly secret: string }
  /** Every caller: the operator vouches that no stranger reaches the port. */
  | { readonly kind: "open" }
  /** Nobody: a node of its own without a secret. */
  | { readonly kind: "closed" };

/** The access that settings ask for. */
export function accessOf({ peerSecret, insecure }: { readonly peerSecret: string; readonly insecure: boolean }): PeerAccess {
  if (peerSecret !== "") return { kind: "secret", secret: peerSecret };
  return insecure ? { kind: "open" } : { kind: "closed" };
}

/** A request without its proof; `path` as in the request line. */
export type BareCall = { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders };
/** An answer without its proof; `body` is empty for a stream. */
export type BareAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

const header = { challenge: "keyhold-challenge", nonce: "keyhold-nonce", proof: "keyhold-proof" } as const;
const nonceForm = /^[A-Za-z0-9_-]{22}$/;

/** The headers to send for `call`, and the nonce that its answer must be proven for. */
export function proveCall(
  access: PeerAccess,
  call: Omit<BareCall, "headers"> & { readonly headers: Readonly<Record<string, string>> },
  challenge: string,
): { readonly headers: Record<string, string>; readonly nonce: string } {
  if (access.kind !== "secret") return { headers: { ...call.headers }, nonce: "" };
  const nonce = randomBytes(16).toString("base64url");
  const headers = { ...call.headers, [header.challenge]: challenge, [header.nonce]: nonce };
  return { headers: { ...headers, [header.proof]: callProof(access.secret, { ...call, headers }) }, nonce };
}

/** The nonce for which the answer is to be proven; undefined when the caller did not prove that it knows the secret. */
export function provenCaller(access: PeerAccess, call: BareCall, challenges: Challenges): string | undefined {
  if (access.kind === "open") return "";
  if (access.kind === "closed") return undefined;
  const { [header.challenge]: challenge, [header.nonce]: nonce, [header.proof]: proof } = call.headers;
  if (typeof challenge !== "string" || typeof nonce !== "string" || typeof proof !== "string") return undefined;
  if (!nonceForm.test(nonce) || !equal(proof, callProof(access.secret, call))) return undefined;
  // Last, because a redeemed challenge takes memory, which only callers that know the secret may cause.
  return challenges.redeem(challenge) ? nonce : undefined;
}

/** The headers to send for `answer` to the call that came with `nonce`. */
export function proveAnswer(
  access: PeerAccess,
  answer: Omit<BareAnswer, "headers"> & { readonly headers: Readonly<Record<string, string>> },
  nonce: string,
): Record<string, string> {
  if (access.kind !== "secret") return { ...answer.headers };
  return { ...answer.headers, [header.proof]: answerProof(access.secret, answer, nonce) };
}

/** Whether the answer comes from a node that knows the secret, and is the one to the call with `nonce`. */
export function isProvenAnswer(access: PeerAccess, answer: BareAnswer, nonce: string): boolean {
  if (access.kind !== "secret") return true;
  const proof = answer.headers[header.proof];
  return typeof proof === "string" && equal(proof, answerProof(access.secret, answer, nonce));
}

/** The header that carries a challenge in an answer. */
export function challengeHeaders(challenge: string): Record<string, string> {
  return { [header.challenge]: challenge };
}

/** The challenge in an answer, if there is one. */
export function challengeIn(headers: IncomingHttpHeaders): string | undefined {
  const challenge = headers[header.challenge];
  return typeof challenge === "string" && challenge.length <= 128 ? challenge : undefined;
}

/** Milliseconds: longer than any round trip between two requests of one caller. */
const challengeMsMax = 30_000;

/**
 * Challenges that one process gives out. Each carries its own checksum, so that those that strangers ask for need not be remembered;
 * redeemed ones are remembered until they are too old anyway.
 */
export class Challenges {
  readonly #key = randomBytes(32);
  readonly #nowMs: () => number;
  /** By challenge, when it was given out; in the order in which they were redeemed. */
  readonly #redeemed = new Map<string, number>();

  /** `nowMs` never falls; its zero means nothing. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  issue(): string {
    const text = `${Math.floor(this.#nowMs())}.${randomBytes(12).toString("base64url")}`;
    return `${text}.${this.#seal(text)}`;
  }

  /** Whether the challenge is from this process, at most 30 s old, and was never redeemed before. */
  redeem(challenge: string): boolean {
    const end = challenge.lastIndexOf(".");
    const text = challenge.slice(0, Math.max(0, end));
    if (!equal(challenge.slice(end + 1), this.#seal(text))) return false;
    const nowMs = this.#nowMs();
    for (const [old, issuedMs] of this.#redeemed) {
      if (nowMs - issuedMs <= challengeMsMax) break;
      this.#redeemed.delete(old);
    }
    const issuedMs = Number(text.slice(0, text.indexOf(".")));
    if (nowMs - issuedMs > challengeMsMax || this.#redeemed.has(challenge)) return false;
    this.#redeemed.set(challenge, nowMs);
    return true;
  }

  #seal(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url").slice(0, 22);
  }
}

function callProof(secret: string, { method, path, headers }: BareCall): string {
  return mac(secret, ["keyhold peer call", method, path, ...signedLines(headers)]);
}

function answerProof(secret: string, { status, headers, body }: BareAnswer, nonce: string): string {
  const digest = createHash("sha256").update(body).digest("base64url");
  return mac(secret, ["keyhold peer answer", nonce, String(status), digest, ...signedLines(headers)]);
}

/** All `keyhold-` headers but the proof. A value cannot contain a line end, so different sets of headers make different lines. */
function signedLines(headers: IncomingHttpHeaders): string[] {
  const names = Object.keys(headers).filter((name) => name.startsWith("keyhold-") && name !== header.proof);
  return names.sort().map((name) => `${name}:${String(headers[name])}`);
}

function mac(secret: string, lines: readonly string[]): string {
  return createHmac("sha256", secret).update(lines.join("\n")).digest("base64url");
}

function equal(given: string, expected: string): boolean {
  // Digests have one length, which timingSafeEqual needs.
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

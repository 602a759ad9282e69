/**
 * This file calls the API of another node over HTTP: one request on a connection of its own, with bounds on time and answer (DECISIONS
 * 15, 55).
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { err, ok } from "../src/base/result.ts";
import { answerHeadBytesMax, guardAnswer } from "../src/intake/answer-guard.ts";
import type { ApiPorts, CallNode } from "./ports.ts";

/** Bytes of an answer: forwarded requests are answered with the members, of which there are few. */
export const answerBytesMax = 256 * 1024;

/** The `callNode` of a real process. */
export function httpNodeCall(timers: ApiPorts["timers"]): CallNode {
  return ({ url, method, path, headers, bytes, timeoutMs }) => {
    const target = url + path;
    if (!URL.canParse(target)) return Promise.resolve(err({ left: false }));
    return new Promise((resolve) => {
      const isTls = target.startsWith("https:");
      const call = (isTls ? httpsRequest : httpRequest)(target, { method, headers, agent: false });
      guardAnswer(call, answerHeadBytesMax + answerBytesMax);
      let left = false;
      const unanswered = (): void => {
        stopTimer();
        call.destroy();
        resolve(err({ left }));
      };
      const stopTimer = timers.after(timeoutMs, unanswered);
      call.once("socket", (socket) => {
        socket.once(isTls ? "secureConnect" : "connect", () => {
          left = true;
        });
      });
      call.on("error", unanswered);
      call.once("close", unanswered);
      call.once("response", (response) => {
        const parts: Buffer[] = [];
        response.on("error", unanswered);
        response.on("data", (part: Buffer) => void parts.push(part));
        response.once("end", () => {
          stopTimer();
          const status = response.statusCode ?? 0;
          // Nodes send no redirects.
          if (status < 200 || (status >= 300 && status < 400)) return unanswered();
          resolve(ok({ status, headers: keptHeaders(response.headers), body: Buffer.concat(parts).toString() }));
        });
      });
      call.end(bytes);
    });
  };
}

function keptHeaders(headers: IncomingMessage["headers"]): readonly string[] {
  const contentType = headers["content-type"];
  const retryAfter = headers["retry-after"];
  return [
    ...(contentType === undefined ? [] : ["Content-Type", contentType]),
    ...(retryAfter === undefined ? [] : ["Retry-After", retryAfter]),
  ];
}

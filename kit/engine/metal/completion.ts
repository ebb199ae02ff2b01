/**
 * The request that is captured: one completion of a fixed length.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";

/** A server and how to talk to it. */
export interface Server {
  baseUrl: string;
  apiKey?: string | undefined;
  timeoutMs: number;
}

/** What was sent and answered. */
export interface Completion {
  promptTokens?: number;
  completionTokens?: number;
  seconds: number;
}

/** Sends the request and waits for the answer. @throws {RunError} when it fails. */
export async function complete(
  context: RunContext,
  server: Server,
  request: { model: string; prompt: string; maxTokens: number },
): Promise<Completion> {
  const start = context.clock.monotonicMs();
  const { usage } = await call(context, server, "/v1/completions", {
    model: request.model,
    prompt: request.prompt,
    max_tokens: request.maxTokens,
    temperature: 0,
    // Else a short answer would make the capture shorter than was asked for.
    ignore_eos: true,
  }) as { usage?: { prompt_tokens?: number; completion_tokens?: number } };
  return {
    ...(usage?.prompt_tokens === undefined ? {} : { promptTokens: usage.prompt_tokens }),
    ...(usage?.completion_tokens === undefined
      ? {}
      : { completionTokens: usage.completion_tokens }),
    seconds: (context.clock.monotonicMs() - start) / 1000,
  };
}

async function call(
  context: RunContext,
  { baseUrl, apiKey, timeoutMs }: Server,
  path: string,
  body?: object,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        ...(body ? { "content-type": "application/json" } : {}),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.any([context.signal, timeout]),
    });
    const text = await response.text();
    if (!response.ok) throw new RunError(`HTTP ${response.status}: ${text.slice(0, 300)}`);
    return JSON.parse(text);
  } catch (error) {
    const why = timeout.aborted
      ? `no answer within ${Math.round(timeoutMs / 1000)} s`
      : messageOf(error);
    throw new RunError(`${path} of ${baseUrl} failed: ${why}`);
  }
}

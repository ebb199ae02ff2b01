/**
 * Requests in a JSONL file of the user's.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import type { PlannedRequest } from "../server/requests.ts";

/**
 * Reads a file with one request a line: a text, or an object with `prompt`, `prompt_token_ids` or
 * `messages`, and `max_tokens` (`output_tokens`, `output_len`) if it has its own. An OpenAI batch
 * file, whose requests are in `body`, is one too.
 *
 * @param outputTokens For requests that do not say.
 * @throws {UsageError} when there is no such file, or a line is no request.
 */
export async function readPrompts(
  files: FileSystem,
  path: string,
  outputTokens: number,
): Promise<PlannedRequest[]> {
  let text: string;
  try {
    text = await files.readTextFile(path);
  } catch (error) {
    throw new UsageError(
      error instanceof Deno.errors.NotFound
        ? `Cannot read the prompts "${path}": there is no such file`
        : `Cannot read the prompts "${path}": ${messageOf(error)}`,
    );
  }
  const requests: PlannedRequest[] = [];
  for (const [place, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const request = readRequest(line, outputTokens);
    if (!request) {
      throw new UsageError(
        `Cannot read the prompts "${path}": line ${place + 1} is no request; give a JSON object ` +
          'with "prompt", "prompt_token_ids" or "messages" in each line',
      );
    }
    requests.push(request);
  }
  if (requests.length === 0) {
    throw new UsageError(
      `Cannot read the prompts "${path}": the file is empty; give a JSON object with "prompt" a line`,
    );
  }
  return requests;
}

function readRequest(line: string, outputTokens: number): PlannedRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed === "string") return request({ prompt: parsed }, outputTokens);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const { body, ...own } = parsed as Record<string, unknown>;
  const found = (typeof body === "object" && body !== null ? body : own) as Record<string, unknown>;
  const { prompt, prompt_token_ids: ids, messages } = found;
  const tokens = Number(
    found["max_tokens"] ?? found["max_completion_tokens"] ?? found["output_tokens"] ??
      found["output_len"] ?? outputTokens,
  );
  if (!Number.isInteger(tokens) || tokens < 1) return undefined;
  if (Array.isArray(messages) && messages.length > 0) return request({ messages }, tokens);
  const given = ids ?? prompt;
  if (typeof given === "string" && given !== "") return request({ prompt: given }, tokens);
  const isIds = Array.isArray(given) && given.length > 0 &&
    given.every((id) => Number.isInteger(id) && id >= 0);
  return isIds ? request({ prompt: given as number[] }, tokens) : undefined;
}

function request(
  content: Pick<PlannedRequest, "prompt" | "messages">,
  maxTokens: number,
): PlannedRequest {
  return { ...content, maxTokens, ignoreEos: false, stream: true };
}

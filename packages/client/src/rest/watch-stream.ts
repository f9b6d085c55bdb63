import { isJsonObject, type KubernetesObject, parseJson } from "@cellplane/apimachinery";
import {
  decode,
  readBody,
  statusErrorOf,
  statusErrorOfObject,
  withRetryAfter,
} from "./read-answer.ts";
import type { WatchStreamEvent } from "./rest-client.ts";
import type { TransportResponse } from "./transport.ts";

const newline = 0x0a;

/**
 * The events of a watch answer, one JSON document a line.
 *
 * @throws {StatusError} For an answer outside 2xx and for an `ERROR` event (410 `Expired`, …).
 */
export async function* readWatchEvents(
  response: TransportResponse,
  onOpen?: () => void,
): AsyncIterable<WatchStreamEvent> {
  if (response.status >= 300) {
    const text = decode(await readBody(response));
    throw withRetryAfter(statusErrorOf(response.status, text), response);
  }
  onOpen?.();
  for await (const line of splitLines(response.body)) yield parseEvent(line);
}

function parseEvent(line: string): WatchStreamEvent {
  const event = parseJson(line);
  const object = isJsonObject(event) ? event["object"] : undefined;
  if (!isJsonObject(event) || !isJsonObject(object)) {
    throw new SyntaxError(
      `Cannot read a watch event as it is no JSON object: ${line.slice(0, 80)}`,
    );
  }
  if (event["type"] === "ERROR") throw statusErrorOfObject(object);
  return {
    type: event["type"] as WatchStreamEvent["type"],
    object: object as unknown as KubernetesObject,
  };
}

async function* splitLines(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let parts: Uint8Array[] = [];
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end));
      const line = joinText(parts);
      parts = [];
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}

function joinText(parts: readonly Uint8Array[]): string {
  const [only] = parts;
  if (parts.length === 1 && only) return decode(only);
  const decoder = new TextDecoder();
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type JsonValue, parseJson, stringifyJson } from "@cellplane/apimachinery";
import type { Logger } from "@cellplane/apiserver";
import { ServerError } from "../../options/server-error.ts";
import { urlOf } from "../../kubernetes-api/server-address.ts";
import { BodyTooLargeError, readLimitedBody } from "./read-limited-body.ts";

// What Kubernetes sends at most: a page of 500 objects of 1.5 MiB would be more, but is no page
// that its own limits let through.
const maxBodyBytes = 100 * 1024 * 1024;
const closeWithinMs = 5000;

/** What a request is answered with. */
export interface WebhookAnswer {
  readonly status: number;
  readonly body: JsonValue | string;
}

/** What a server is opened with. */
export interface WebhookServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: { readonly key: string; readonly cert: string };
  /** Answers a posted review, by path. */
  readonly reviews: Readonly<
    Record<string, (review: JsonValue, signal: AbortSignal) => Promise<WebhookAnswer>>
  >;
  /** Answers what is asked by GET, by path. */
  readonly pages: Readonly<Record<string, (query: URLSearchParams) => WebhookAnswer>>;
  readonly logger: Logger;
}

/** A running webhook server. */
export interface WebhookServer extends AsyncDisposable {
  /** `https://HOST:PORT`, with the port that was taken. */
  readonly url: string;
  /** New connections get these. */
  reloadTls(tls: { readonly key: string; readonly cert: string }): void;
}

/** Opens an HTTPS server for webhooks. @throws {ServerError} If the address cannot be listened on. */
export async function openWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const closing = new AbortController();
  const server = createServer(options.tls, (request, response) => {
    void answer(options, request, response, closing.signal);
  });
  await listen(server, options.listen);
  server.on("error", (err) => options.logger.error({ err }, "the webhook listener failed"));
  const { port } = server.address() as AddressInfo;
  return {
    url: urlOf({ host: options.listen.host, port }),
    reloadTls: (tls) => server.setSecureContext(tls),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        closing.abort();
        server.closeAllConnections();
      }, closeWithinMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function listen(
  server: Server,
  { host, port }: WebhookServerOptions["listen"],
): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`Cannot listen on ${host}:${port}: ${why}`, { cause: error });
  }
}

async function answer(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    send(response, await compute(options, request, signal));
  } catch (err) {
    options.logger.error({ err, url: request.url }, "a review could not be answered");
    if (response.headersSent) response.destroy();
    else send(response, { status: 500, body: "Internal error occurred" });
  }
}

async function compute(
  { reviews, pages }: WebhookServerOptions,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<WebhookAnswer> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "https://webhook");
  const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
  if (page) return page(searchParams);
  const review = Object.hasOwn(reviews, pathname) ? reviews[pathname] : undefined;
  if (!review) return { status: 404, body: "404 page not found" };
  if (request.method !== "POST") return { status: 405, body: "only POST is allowed here" };
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\s*(;|$)/.test(type)) {
    return { status: 415, body: `the content type must be application/json: it is "${type}"` };
  }
  let text: string;
  try {
    text = await readLimitedBody(request, maxBodyBytes);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    return { status: 413, body: error.message };
  }
  const parsed = parse(text);
  if (parsed.kind === "malformed") return { status: 400, body: parsed.message };
  return review(parsed.value, signal);
}

function parse(
  text: string,
):
  | { readonly kind: "parsed"; readonly value: JsonValue }
  | { readonly kind: "malformed"; readonly message: string } {
  try {
    return { kind: "parsed", value: parseJson(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "malformed", message: `the body is no JSON: ${why}` };
  }
}

function send(response: ServerResponse, { status, body }: WebhookAnswer): void {
  const isText = typeof body === "string";
  // Of a body that is too large the rest is not read.
  if (status === 413) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
  response.end(isText ? `${body}\n` : stringifyJson(body));
}

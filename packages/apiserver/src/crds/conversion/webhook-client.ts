import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { parseJson } from "@cellplane/apimachinery";
import type { CrdClientConfig } from "../custom-resource-definition.ts";

/** Posts one review and answers the body; throws an `Error` with Kubernetes' text otherwise. */
export type WebhookCaller = (body: string, signal: AbortSignal | undefined) => Promise<string>;

/** Where a Service is reached. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
}

/** How webhooks are called. */
export interface WebhookClientOptions {
  /** Where a Service is reached; `undefined`: by its DNS name. */
  readonly resolveService?: (
    service: NonNullable<CrdClientConfig["service"]>,
  ) => ServiceAddress | undefined;
  /** How long a webhook may take. Kubernetes gives it 30 s. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 30_000;
const maxAnswerBytes = 100 * 1024 * 1024;

/**
 * A client of one webhook, over HTTPS alone, with connections kept open. Trusts `caBundle`, or the
 * system's authorities where there is none.
 */
export function createWebhookCaller(
  config: CrdClientConfig,
  options: WebhookClientOptions = {},
): WebhookCaller {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const url = new URL(addressOf(config, options));
  url.searchParams.set("timeout", `${timeoutMs / 1000}s`);
  const caBundle = Buffer.from(config.caBundle ?? "", "base64")
    .toString()
    .trim();
  const { service } = config;
  const agent = new Agent({
    keepAlive: true,
    ...(caBundle === "" ? {} : { ca: caBundle }),
    ...(service ? { servername: `${service.name}.${service.namespace}.svc` } : {}),
  });
  return async (body, signal) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const both = signal ? AbortSignal.any([signal, deadline]) : deadline;
    try {
      return await readAnswer(await post(url, { agent, body, signal: both }));
    } catch (error) {
      if (deadline.aborted)
        throw new Error(`Post "${url.href}": context deadline exceeded`, { cause: error });
      throw error;
    }
  };
}

function addressOf({ url, service }: CrdClientConfig, options: WebhookClientOptions): string {
  if (url !== undefined) return url;
  if (!service) throw new Error("exactly one of url or service is required");
  const { name, namespace, port = 443, path = "" } = service;
  const address = options.resolveService?.(service) ?? { host: `${name}.${namespace}.svc`, port };
  return `https://${address.host}:${address.port}${path.startsWith("/") || path === "" ? path : `/${path}`}`;
}

function post(
  url: URL,
  options: { readonly agent: Agent; readonly body: string; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const { agent, body, signal } = options;
  const answer = Promise.withResolvers<IncomingMessage>();
  const sent = request(url, {
    method: "POST",
    agent,
    signal,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": "kube-apiserver-admission",
      "content-length": Buffer.byteLength(body),
    },
  });
  sent.once("response", answer.resolve);
  sent.once("error", (error: Error) => answer.reject(describe(url, error)));
  sent.end(body);
  return answer.promise;
}

async function readAnswer(message: IncomingMessage): Promise<string> {
  if (Number(message.headers["content-length"] ?? 0) > maxAnswerBytes) {
    message.destroy();
    throw new Error("Cannot read the answer of a webhook as it is too long");
  }
  const body = await text(message);
  const status = message.statusCode ?? 0;
  if (status >= 200 && status < 300) return body;
  throw new Error(describeStatus(status, body));
}

/** What client-go makes of an answer that is no success. */
function describeStatus(status: number, body: string): string {
  const message = statusMessage(body);
  if (message !== undefined) return message;
  if (status === 404) return "the server could not find the requested resource";
  if (status === 401) return "the server has asked for the client to provide credentials";
  if (status >= 500) {
    const detail = body.trim() === "" || status === 503 ? "unknown" : body.trim();
    return status === 503
      ? "the server is currently unable to handle the request"
      : `an error on the server (${JSON.stringify(detail)}) has prevented the request from succeeding`;
  }
  return `the server responded with the status code ${status} but did not return more information`;
}

function statusMessage(body: string): string | undefined {
  try {
    const status = parseJson(body) as { readonly kind?: unknown; readonly message?: unknown };
    return status.kind === "Status" && typeof status.message === "string"
      ? status.message
      : undefined;
  } catch {
    return undefined;
  }
}

function describe(url: URL, error: Error): Error {
  const { code } = error as { readonly code?: string };
  const where = `${url.hostname}:${url.port || "443"}`;
  const detail =
    code === "ECONNREFUSED" ? `dial tcp ${where}: connect: connection refused` : error.message;
  return new Error(`Post "${url.href}": ${detail}`, { cause: error });
}

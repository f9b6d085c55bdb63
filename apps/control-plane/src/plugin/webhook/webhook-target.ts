import type { JsonObject } from "@cellplane/apimachinery";
import { ServerError } from "../../options/server-error.ts";

/** Where the host reaches our webhooks. */
export type WebhookTarget =
  /** The part before the path, such as `https://127.0.0.1:8443`. */
  | { readonly kind: "url"; readonly url: string }
  | {
      readonly kind: "service";
      readonly namespace: string;
      readonly name: string;
      readonly port: number;
    };

/** The paths of our webhooks. */
export const webhookPaths = {
  convert: "/convert",
  mutate: "/mutate",
  validate: "/validate",
} as const;

/** A `clientConfig` of Kubernetes; without a CA (PEM) the host trusts its system's authorities. */
export function renderClientConfig(
  target: WebhookTarget,
  path: string,
  caBundle: string,
): JsonObject {
  const trust = caBundle === "" ? {} : { caBundle: Buffer.from(caBundle).toString("base64") };
  if (target.kind === "url") return { url: `${target.url}${path}`, ...trust };
  const { namespace, name, port } = target;
  return { service: { namespace, name, port, path }, ...trust };
}

/** `https://HOST:PORT`, with nothing after it. @throws {ServerError} */
export function parseWebhookUrl(text: string): WebhookTarget {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.search !== "" || url.hash !== "") {
    throw new ServerError(
      `Cannot use --webhook-url as it must be https://HOST:PORT: it is "${text}"`,
    );
  }
  return { kind: "url", url: text.replace(/\/+$/, "") };
}

/** `NAMESPACE/NAME` or `NAMESPACE/NAME:PORT`. @throws {ServerError} */
export function parseWebhookService(text: string): WebhookTarget {
  const match = /^(?<namespace>[-a-z0-9]+)\/(?<name>[-a-z0-9]+)(?::(?<port>\d{1,5}))?$/.exec(text);
  const { namespace, name, port = "443" } = match?.groups ?? {};
  if (namespace === undefined || name === undefined || Number(port) > 65_535) {
    throw new ServerError(
      `Cannot use --webhook-service as it must be NAMESPACE/NAME[:PORT]: it is "${text}"`,
    );
  }
  return { kind: "service", namespace, name, port: Number(port) };
}

/** The names that the certificate must have for a target. */
export function hostsOfTarget(target: WebhookTarget): readonly string[] {
  if (target.kind === "url") return [new URL(target.url).hostname.replace(/^\[|\]$/g, "")];
  const short = `${target.name}.${target.namespace}.svc`;
  return [short, `${short}.cluster.local`];
}

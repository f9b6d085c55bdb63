import type { Logger } from "@cellplane/apiserver";
import type { RestClient } from "@cellplane/client";
import { type MetricRegistry, renderMetrics } from "@cellplane/metrics";
import { createFederationAdmission } from "../federation/federation-admission.ts";
import { FederationLookups } from "../federation/federation-lookups.ts";
import type { PluginReadiness } from "./readiness.ts";
import { actorByReview } from "./webhook/actor-by-review.ts";
import { answerAdmission } from "./webhook/answer-admission.ts";
import { answerConversion } from "./webhook/answer-conversion.ts";
import { createRemoteObjects } from "./webhook/remote-objects.ts";
import type { WebhookCertificate } from "./webhook/webhook-certificate.ts";
import { openWebhookServer, type WebhookServer } from "./webhook/webhook-server.ts";
import { webhookPaths } from "./webhook/webhook-target.ts";

/** Running webhooks. */
export interface Webhooks extends AsyncDisposable {
  readonly server: WebhookServer;
  /** Begins to read what admission looks up; the CRDs must be there. */
  startLookups(): void;
}

/**
 * Opens conversion and admission as webhooks. Conversion answers at once, for it looks nothing up;
 * admission once its lookups are in.
 */
export async function openWebhooks(
  deps: {
    readonly client: RestClient;
    readonly controllerUsers: ReadonlySet<string>;
    readonly certificate: WebhookCertificate;
    readonly systemNamespace: string;
    readonly listen: { readonly host: string; readonly port: number };
    readonly readiness: PluginReadiness;
    readonly metrics: MetricRegistry;
    readonly logger: Logger;
  },
  signal: AbortSignal,
): Promise<Webhooks> {
  const { client, logger, readiness } = deps;
  let lookups: FederationLookups | undefined;
  const objects = createRemoteObjects(
    client,
    (err) => logger.warn({ err }, "admission could not read the host; trying again"),
    signal,
  );
  const plugin = createFederationAdmission(
    () => {
      if (!lookups) throw new Error("cannot happen: reviews wait until lookups are in");
      return lookups;
    },
    actorByReview(client, deps),
  );
  const admit =
    (step: "mutate" | "validate") =>
    (review: Parameters<typeof answerAdmission>[0], each: AbortSignal) =>
      readiness.isReady
        ? answerAdmission(review, { plugin, step }, each)
        : Promise.resolve({ status: 503, body: "what admission looks up is being read" });
  const server = await openWebhookServer({
    listen: deps.listen,
    tls: deps.certificate.current,
    reviews: {
      [webhookPaths.convert]: async (review) => answerConversion(review),
      [webhookPaths.mutate]: admit("mutate"),
      [webhookPaths.validate]: admit("validate"),
    },
    pages: {
      "/healthz": () => ({ status: 200, body: "ok" }),
      "/readyz": (query) => readiness.page(query),
      "/metrics": () => ({ status: 200, body: renderMetrics(deps.metrics.collect()) }),
    },
    logger,
  });
  return {
    server,
    startLookups() {
      void FederationLookups.open(objects, deps.systemNamespace).then((opened) => {
        lookups = opened;
        if (!signal.aborted) readiness.setReady();
      });
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

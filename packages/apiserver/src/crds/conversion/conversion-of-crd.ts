import type { ResourceConversion, SyncConverter } from "../../registry/resource.ts";
import type { CustomResourceDefinition } from "../custom-resource-definition.ts";
import {
  createWebhookCaller,
  type WebhookCaller,
  type WebhookClientOptions,
} from "./webhook-client.ts";
import { createWebhookConverter } from "./webhook-converter.ts";

/** How conversions are made. */
export interface ConversionOptions extends WebhookClientOptions {
  /** A converter in process, which then replaces whatever the CRD says. */
  readonly converterOf?: (crd: CustomResourceDefinition) => SyncConverter | undefined;
}

/** The conversion between the versions of a CRD. */
export function conversionOfCrd(
  crd: CustomResourceDefinition,
  options: ConversionOptions,
): ResourceConversion {
  const convert = options.converterOf?.(crd);
  if (convert) return { kind: "inProcess", convert };
  const { conversion, group } = crd.spec;
  const config = conversion?.webhook?.clientConfig;
  if (conversion?.strategy !== "Webhook" || !config) return { kind: "none" };
  // Made when first needed: a CRD with a bad URL or bundle still serves its storage version.
  let caller: WebhookCaller | undefined;
  const call: WebhookCaller = async (body, signal) =>
    await (caller ??= createWebhookCaller(config, options))(body, signal);
  return { kind: "webhook", convert: createWebhookConverter({ group, conversion, call }) };
}

import {
  dns1035LabelErrors,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import type { CrdClientConfig, CrdConversion } from "../custom-resource-definition.ts";

import { validateWebhookService, validateWebhookUrl } from "./validate-webhook-client.ts";

const reviewVersions: readonly string[] = ["v1", "v1beta1"];

/** `spec.conversion`. The paths are those of Kubernetes' internal form, without `webhook`. */
export function validateConversion(
  conversion: CrdConversion | undefined,
  path: string,
): readonly FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy === "Webhook")
    return [
      ...validateClientConfig(webhook?.clientConfig, `${path}.webhookClientConfig`),
      ...validateReviewVersions(versions, `${path}.conversionReviewVersions`),
    ];
  const detail = "should not be set when strategy is not set to Webhook";
  return [
    ...validateStrategy(strategy, `${path}.strategy`),
    ...(webhook?.clientConfig ? [forbiddenField(`${path}.webhookClientConfig`, detail)] : []),
    ...(versions.length > 0 ? [forbiddenField(`${path}.conversionReviewVersions`, detail)] : []),
  ];
}

function validateStrategy(strategy: string, path: string): readonly FieldError[] {
  if (strategy === "None") return [];
  if (!strategy) return [required(path)];
  return [notSupported(path, strategy, ["None", "Webhook"])];
}

function validateClientConfig(
  config: CrdClientConfig | undefined,
  path: string,
): readonly FieldError[] {
  if (!config) return [required(path, "required when strategy is set to Webhook")];
  const { url, service } = config;
  if (url !== undefined && service === undefined) return validateWebhookUrl(url, `${path}.url`);
  if (url === undefined && service !== undefined)
    return validateWebhookService(service, `${path}.service`);
  return [required(path, "exactly one of url or service is required")];
}

function validateReviewVersions(versions: readonly string[], path: string): readonly FieldError[] {
  if (versions.length === 0) return [required(path)];
  const errors = versions.flatMap((version, index) => {
    const at = `${path}[${index}]`;
    if (versions.indexOf(version) < index) return [invalid(at, version, "duplicate version")];
    return dns1035LabelErrors(version).map((problem) => invalid(at, version, problem));
  });
  if (versions.some((version) => reviewVersions.includes(version))) return errors;
  return [...errors, invalid(path, versions, "must include at least one of v1, v1beta1")];
}

import {
  duplicate,
  type FieldError,
  invalid,
  type JsonObject,
  type JsonValue,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { objectAt, objectsAt, stringAt, valueAt, valuesAt } from "../plain/plain.ts";
import { checkEnum } from "./checks.ts";

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const sideEffects = ["None", "NoneOnDryRun"];

/** admissionregistration.k8s.io/v1 Mutating- and ValidatingWebhookConfiguration. */
export function validateWebhookConfiguration(configuration: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return objectsAt(configuration, "webhooks").flatMap((webhook, at) => {
    const path = `webhooks[${at}]`;
    const name = stringAt(webhook, "name");
    const again = seen.has(name) ? [duplicate(`${path}.name`, name)] : [];
    seen.add(name);
    return [...again, ...validateWebhook(path, webhook)];
  });
}

function validateWebhook(path: string, webhook: JsonObject): FieldError[] {
  return [
    ...validateName(`${path}.name`, stringAt(webhook, "name")),
    ...objectsAt(webhook, "rules").flatMap((rule, at) =>
      validateRule(`${path}.rules[${at}]`, rule),
    ),
    ...checkEnum(`${path}.failurePolicy`, stringAt(webhook, "failurePolicy"), ["Fail", "Ignore"]),
    ...checkEnum(`${path}.matchPolicy`, stringAt(webhook, "matchPolicy"), ["Equivalent", "Exact"]),
    ...validateSideEffects(`${path}.sideEffects`, stringAt(webhook, "sideEffects")),
    ...validateTimeout(`${path}.timeoutSeconds`, valueAt(webhook, "timeoutSeconds")),
    ...validateClientConfig(`${path}.clientConfig`, objectAt(webhook, "clientConfig")),
    ...validateReviewVersions(
      `${path}.admissionReviewVersions`,
      valuesAt(webhook, "admissionReviewVersions"),
    ),
  ];
}

function validateName(path: string, name: string): FieldError[] {
  if (name.split(".").filter((segment) => segment !== "").length >= 3) return [];
  return [invalid(path, name, "should be a domain with at least three segments separated by dots")];
}

function validateRule(path: string, rule: JsonObject): FieldError[] {
  const given = valuesAt(rule, "operations");
  const resources = valuesAt(rule, "resources");
  return [
    ...wildcardAlone(`${path}.operations`, given, { wildcard: "*", others: "operations" }),
    ...given.flatMap((operation, at) =>
      typeof operation === "string" && operations.includes(operation)
        ? []
        : [notSupported(`${path}.operations[${at}]`, operation, operations)],
    ),
    ...wildcardAlone(`${path}.apiGroups`, valuesAt(rule, "apiGroups"), {
      wildcard: "*",
      others: "API groups",
    }),
    ...wildcardAlone(`${path}.apiVersions`, valuesAt(rule, "apiVersions"), {
      wildcard: "*",
      others: "API versions",
    }),
    ...wildcardAlone(`${path}.resources`, resources, { wildcard: "*/*", others: "resources" }),
  ];
}

function wildcardAlone(
  path: string,
  values: readonly JsonValue[],
  { wildcard, others }: { readonly wildcard: string; readonly others: string },
): FieldError[] {
  if (values.length === 0) return [required(path)];
  if (values.length === 1 || !values.includes(wildcard)) return [];
  return [
    invalid(path, [...values], `if '${wildcard}' is present, must not specify other ${others}`),
  ];
}

function validateSideEffects(path: string, value: string): FieldError[] {
  if (value === "") return [required(path, `must specify one of ${sideEffects.join(", ")}`)];
  return checkEnum(path, value, sideEffects);
}

function validateTimeout(path: string, value: JsonValue | undefined): FieldError[] {
  if (typeof value !== "number" || (value >= 1 && value <= 30)) return [];
  return [invalid(path, value, "the timeout value must be between 1 and 30 seconds")];
}

function validateReviewVersions(path: string, versions: readonly JsonValue[]): FieldError[] {
  if (versions.length === 0) return [required(path, "must specify one of v1, v1beta1")];
  if (versions.includes("v1") || versions.includes("v1beta1")) return [];
  return [invalid(path, [...versions], "must include at least one of v1, v1beta1")];
}

function validateClientConfig(path: string, config: JsonObject): FieldError[] {
  const url = stringAt(config, "url");
  const hasService = Object.keys(objectAt(config, "service")).length > 0;
  if ((url === "") !== hasService) {
    return [required(path, "exactly one of url or service is required")];
  }
  return hasService ? validateService(`${path}.service`, config) : validateUrl(`${path}.url`, url);
}

function validateService(path: string, config: JsonObject): FieldError[] {
  const service = objectAt(config, "service");
  return ["name", "namespace"].flatMap((field) =>
    stringAt(service, field) === ""
      ? [required(`${path}.${field}`, `service ${field} is required`)]
      : [],
  );
}

function validateUrl(path: string, text: string): FieldError[] {
  const form = "desired format: https://host[/path]";
  if (!URL.canParse(text)) return [required(path, `url must be a valid URL: ${text}; ${form}`)];
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  const bad = (value: string, why: string): FieldError => invalid(path, value, why);
  return [
    ...(scheme === "https" ? [] : [bad(scheme, `'https' is the only allowed URL scheme; ${form}`)]),
    ...(url.host === "" ? [bad("", `host must be specified; ${form}`)] : []),
    ...(url.username === "" && url.password === ""
      ? []
      : [bad(url.username, "user information is not permitted in the URL")]),
    ...(url.hash === "" ? [] : [bad(url.hash.slice(1), "fragments are not permitted in the URL")]),
    ...(url.search === ""
      ? []
      : [bad(url.search.slice(1), "query parameters are not permitted in the URL")]),
  ];
}

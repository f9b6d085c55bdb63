import { isJsonObject, type JsonValue, parseYaml } from "@cellplane/apimachinery";
import { clusterViewVersion, groups } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";

/** What is to be federated, and as what. */
export interface EnableRequest {
  /** As a user names a resource: `deploy`, `deployments.apps`. */
  readonly type: string;
  /** Of the target; the preferred one unless given. */
  readonly version?: string;
  readonly federatedGroup?: string;
}

/** Reads KubeFed's `EnableTypeDirective` (reference §1.7): a file's form of the command's options. */
export function parseEnableDirective(text: string): EnableRequest {
  const directive = readDocument(text);
  const object = isJsonObject(directive) ? directive : {};
  const apiVersion = textOf(object["apiVersion"]) ?? "no version";
  const kind = textOf(object["kind"]) ?? "of no kind";
  if (kind !== "EnableTypeDirective" || !apiVersion.startsWith(`${groups.core}/`)) {
    throw new CliError(
      `Cannot enable as the file must be an EnableTypeDirective of ${groups.core}/v1beta1: it is ${kind} of ${apiVersion}`,
    );
  }
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  const type = textOf(metadata["name"]);
  if (type === undefined) {
    throw new CliError(
      "Cannot enable as metadata.name of the directive must name the type, e.g. deployments.apps",
    );
  }
  const version = textOf(spec["targetVersion"]);
  const federatedGroup = textOf(spec["federatedGroup"]);
  checkFederatedVersion(textOf(spec["federatedVersion"]), "spec.federatedVersion");
  return {
    type,
    ...(version === undefined ? {} : { version }),
    ...(federatedGroup === undefined ? {} : { federatedGroup }),
  };
}

/** Every federated kind is served in the same two versions, so another one cannot be had. */
export function checkFederatedVersion(version: string | undefined, field: string): void {
  if (version === undefined || version === clusterViewVersion) return;
  throw new CliError(
    `Cannot enable as ${field} must be "${clusterViewVersion}": it is "${version}"`,
  );
}

function readDocument(text: string): JsonValue {
  try {
    return parseYaml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot enable as the directive is no YAML: ${why}`, { cause: error });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

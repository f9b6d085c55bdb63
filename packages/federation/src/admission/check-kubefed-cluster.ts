import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { labels } from "../api/names.ts";
import { parseMemberName } from "../conversion/member-name.ts";
import { isSameTenant, tenantOf } from "../placement/tenant-scope.ts";
import { listed, type StandingWork } from "./check-deletion.ts";
import type { Actor } from "./findings.ts";
import { checkDnsLabel } from "./names.ts";

/** What has to be looked up before a KubeFedCluster can be judged. */
export interface KubeFedClusterContext extends StandingWork {
  readonly actor: Actor;
}

/** A write of a KubeFedCluster; `old` is absent on creation. */
export interface KubeFedClusterWrite {
  readonly object: KubeFedCluster;
  readonly old: KubeFedCluster | undefined;
}

const validations = ["*", "SubjectName", "ValidityPeriod"];
const proxySchemes = ["http:", "https:", "socks5:"];

/** Judges a write of a KubeFedCluster: KubeFed's rules (reference §1.1), and tenants'. */
export function checkKubeFedCluster(
  { object, old }: KubeFedClusterWrite,
  context: KubeFedClusterContext,
): readonly FieldError[] {
  const { spec } = object;
  return [
    ...(old === undefined ? checkName(object, context) : []),
    ...checkEndpoint(spec.apiEndpoint),
    ...(spec.secretRef.name === "" ? [required("spec.secretRef.name")] : []),
    ...checkValidations(spec.disabledTLSValidations ?? []),
    ...checkProxy(spec.proxyURL),
    ...checkConnection(spec),
    ...(old === undefined ? [] : checkTenant(object, old, context)),
  ];
}

function checkName(
  { metadata }: KubeFedCluster,
  { actor }: KubeFedClusterContext,
): readonly FieldError[] {
  const { name = "" } = metadata;
  if (parseMemberName(name) === undefined) return checkDnsLabel("metadata.name", name);
  if (actor === "controller") return [];
  return [invalid("metadata.name", name, "must not contain dots: such names stand for cells")];
}

function checkEndpoint(endpoint: string): readonly FieldError[] {
  const field = "spec.apiEndpoint";
  if (endpoint === "") return [required(field)];
  const hasScheme = endpoint.includes("://");
  if (!hasScheme && endpoint.includes("/")) {
    return [invalid(field, endpoint, 'host must be a URL or a host:port pair: "' + endpoint + '"')];
  }
  const url = URL.parse(hasScheme ? endpoint : `https://${endpoint}`);
  if (url === null || url.hostname === "")
    return [invalid(field, endpoint, "must be a URL or host:port")];
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return [notSupported(`${field}.scheme`, url.protocol.slice(0, -1), ["http", "https"])];
  }
  return url.port === "0" ? [invalid(field, endpoint, "port must be between 1 and 65535")] : [];
}

function checkValidations(given: readonly string[]): readonly FieldError[] {
  const field = "spec.disabledTLSValidations";
  if (given.includes("*") && given.length > 1) {
    const detail = "when * is specified it is expected to be the only option in list";
    return [invalid(field, given, detail)];
  }
  return given
    .filter((each) => !validations.includes(each))
    .map((each) => notSupported(field, each, validations));
}

function checkProxy(proxyUrl: string | undefined): readonly FieldError[] {
  if (proxyUrl === undefined || proxyUrl === "") return [];
  const scheme = URL.parse(proxyUrl)?.protocol;
  if (scheme !== undefined && proxySchemes.includes(scheme)) return [];
  const detail = "proxy URL scheme must be one of: [http, https, socks5]";
  return [invalid("spec.proxyURL", proxyUrl, detail)];
}

function checkConnection({ connection, proxyURL }: KubeFedCluster["spec"]): readonly FieldError[] {
  if (connection !== "Tunnel" || proxyURL === undefined || proxyURL === "") return [];
  const detail = "may not be set where spec.connection is Tunnel: it is the agent that connects";
  return [invalid("spec.proxyURL", proxyURL, detail)];
}

function checkTenant(
  object: KubeFedCluster,
  old: KubeFedCluster,
  { actor, standing }: KubeFedClusterContext,
): readonly FieldError[] {
  if (isSameTenant(tenantOf(object.metadata.labels), tenantOf(old.metadata.labels))) return [];
  const field = `metadata.labels[${labels.tenant}]`;
  if (actor === "user") {
    return [forbiddenField(field, "only platform administrators may set the tenant of a cluster")];
  }
  if (standing.length === 0) return [];
  return [forbiddenField(field, `may not change while the cluster has ${listed(standing)}`)];
}

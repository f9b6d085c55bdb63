import type { JsonObject } from "@cellplane/apimachinery";
import {
  type Edit,
  editAll,
  editItems,
  editOrCreate,
  withDefaults,
  withMember,
} from "../plain/edit.ts";
import { objectAt, stringAt, valueAt, valuesAt } from "../plain/plain.ts";

/** Three hours: how long a client stays with its endpoint under ClientIP affinity. */
const affinityTimeoutSeconds = 10_800;

/** core/v1 Service. Addresses and node ports are given by `serviceAllocation`. */
export const defaultService: Edit = (service) =>
  editOrCreate(service, "spec", (spec) =>
    editAll(
      withDefaults(spec, { sessionAffinity: "None", type: "ClusterIP" }),
      defaultAffinity,
      (each) => editItems(each, "ports", defaultPort),
      defaultTraffic,
      defaultAddresses,
      defaultFamilies,
    ),
  );

/** Whether a Service asks for no address: `clusterIP: None`. */
export function isHeadless(spec: JsonObject): boolean {
  return (
    stringAt(spec, "clusterIP") === "None" || valueAt(valuesAt(spec, "clusterIPs")[0]) === "None"
  );
}

/** Whether a Service of this type has node ports. */
export function hasNodePorts(type: string): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function defaultAffinity(spec: JsonObject): JsonObject {
  if (stringAt(spec, "sessionAffinity") !== "ClientIP") return spec;
  return editOrCreate(spec, "sessionAffinityConfig", (config) =>
    editOrCreate(config, "clientIP", (client) =>
      withDefaults(client, { timeoutSeconds: affinityTimeoutSeconds }),
    ),
  );
}

function defaultPort(port: JsonObject): JsonObject {
  const target = valueAt(port, "targetPort");
  const targeted =
    target === undefined || target === 0 || target === ""
      ? withMember(port, "targetPort", valueAt(port, "port") ?? 0)
      : port;
  return withDefaults(targeted, { protocol: "TCP" });
}

function defaultTraffic(spec: JsonObject): JsonObject {
  const type = stringAt(spec, "type");
  const external = hasNodePorts(type) ? { externalTrafficPolicy: "Cluster" } : {};
  const internal = type === "ExternalName" ? {} : { internalTrafficPolicy: "Cluster" };
  const ports = type === "LoadBalancer" ? { allocateLoadBalancerNodePorts: true } : {};
  return withDefaults(spec, { ...external, ...internal, ...ports });
}

/** `clusterIP` is the first of `clusterIPs`. */
function defaultAddresses(spec: JsonObject): JsonObject {
  const address = stringAt(spec, "clusterIP");
  const [first] = valuesAt(spec, "clusterIPs");
  if (address !== "" && first === undefined) return { ...spec, clusterIPs: [address] };
  if (address === "" && typeof first === "string") return { ...spec, clusterIP: first };
  return spec;
}

/** One IPv4 range is served; a headless Service without a selector may have endpoints of both. */
function defaultFamilies(spec: JsonObject): JsonObject {
  if (stringAt(spec, "type") === "ExternalName") return spec;
  const noSelector = Object.keys(objectAt(spec, "selector")).length === 0;
  const asked = stringAt(spec, "ipFamilyPolicy") !== "" || valuesAt(spec, "ipFamilies").length > 0;
  if (isHeadless(spec) && noSelector && !asked) {
    return withDefaults(spec, {
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "RequireDualStack",
    });
  }
  return withDefaults(spec, { ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" });
}

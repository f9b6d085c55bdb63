import type { JsonObject } from "@cellplane/apimachinery";
import { hasNodePorts, isHeadless } from "../defaults/service-defaults.ts";
import { editMember, withMember, without } from "../plain/edit.ts";
import { numberAt, objectAt, objectsAt, stringAt, valuesAt } from "../plain/plain.ts";

/** Whether a Service of this `spec` has an address of its own. */
export function needsAddress(spec: JsonObject): boolean {
  return stringAt(spec, "type") !== "ExternalName" && !isHeadless(spec);
}

/** Whether the ports of a Service of this `spec` are to have node ports. */
export function needsNodePorts(spec: JsonObject): boolean {
  const type = stringAt(spec, "type");
  if (type === "LoadBalancer") return spec["allocateLoadBalancerNodePorts"] !== false;
  return type === "NodePort";
}

/** Whether a Service needs a port on which nodes tell if they have endpoints. */
export function needsHealthPort(spec: JsonObject): boolean {
  return (
    stringAt(spec, "type") === "LoadBalancer" && stringAt(spec, "externalTrafficPolicy") === "Local"
  );
}

/** An update that leaves out what was allocated means what the Service has. */
export function inheritAllocations(service: JsonObject, old: JsonObject): JsonObject {
  return editMember(service, "spec", (spec) => {
    const before = objectAt(old, "spec");
    const addressed =
      needsAddress(spec) && needsAddress(before) && stringAt(spec, "clusterIP") === ""
        ? {
            ...spec,
            clusterIP: stringAt(before, "clusterIP"),
            clusterIPs: valuesAt(before, "clusterIPs"),
          }
        : spec;
    const ported =
      needsNodePorts(addressed) && hasNodePorts(stringAt(before, "type"))
        ? withMember(addressed, "ports", inheritPorts(addressed, before))
        : addressed;
    const health = numberAt(before, "healthCheckNodePort");
    const inherits =
      needsHealthPort(ported) && numberAt(ported, "healthCheckNodePort") === undefined;
    return inherits && health !== undefined ? { ...ported, healthCheckNodePort: health } : ported;
  });
}

/** What the type of a Service has no use for goes, where the client left it as it was. */
export function dropUnneeded(service: JsonObject, old: JsonObject): JsonObject {
  const before = objectAt(old, "spec");
  return editMember(service, "spec", (spec) => {
    const type = stringAt(spec, "type");
    if (type === stringAt(before, "type")) return spec;
    const stale = [
      ...(type === "ExternalName"
        ? ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]
        : []),
      ...(hasNodePorts(type) ? [] : ["externalTrafficPolicy"]),
      ...(type === "LoadBalancer" ? [] : ["allocateLoadBalancerNodePorts", "loadBalancerClass"]),
      ...(needsHealthPort(spec) ? [] : ["healthCheckNodePort"]),
      ...(type === "ExternalName" ? ["internalTrafficPolicy"] : []),
    ].filter((name) => sameText(spec[name], before[name]));
    const kept = without(spec, ...stale);
    if (needsNodePorts(kept) || !hasNodePorts(stringAt(before, "type"))) return kept;
    return withMember(kept, "ports", dropPorts(kept, before));
  });
}

function inheritPorts(spec: JsonObject, before: JsonObject): readonly JsonObject[] {
  const known = new Map(
    objectsAt(before, "ports").map((port) => [portKey(port), port["nodePort"]]),
  );
  const asked = new Set(objectsAt(spec, "ports").map((port) => port["nodePort"]));
  return objectsAt(spec, "ports").map((port) => {
    if ((numberAt(port, "nodePort") ?? 0) !== 0) return port;
    const nodePort = known.get(portKey(port));
    return nodePort === undefined || asked.has(nodePort) ? port : { ...port, nodePort };
  });
}

function dropPorts(spec: JsonObject, before: JsonObject): readonly JsonObject[] {
  const old = new Set(objectsAt(before, "ports").map((port) => port["nodePort"]));
  return objectsAt(spec, "ports").map((port) =>
    old.has(port["nodePort"]) ? without(port, "nodePort") : port,
  );
}

function portKey(port: JsonObject): string {
  return `${stringAt(port, "protocol")}/${numberAt(port, "port") ?? 0}`;
}

function sameText(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

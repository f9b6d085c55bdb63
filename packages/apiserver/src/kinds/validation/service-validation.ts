import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  type JsonObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { isHeadless } from "../defaults/service-defaults.ts";
import { numberAt, objectAt, objectsAt, stringAt, valueAt, valuesAt } from "../plain/plain.ts";
import { checkLabels, checkPortNumber, checkPortNumberOrName } from "./checks.ts";
import { brokenLabel, brokenQualifiedName, brokenSubdomain } from "./names.ts";

const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const ipPattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
/** One day: the longest that a client may stay with its endpoint. */
const maxAffinitySeconds = 86_400;

/** core/v1 Service. */
export function validateService(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const type = stringAt(spec, "type");
  return [
    ...validatePortCount(spec, type),
    ...validatePorts(spec, type),
    ...validateUniquePorts(objectsAt(spec, "ports")),
    ...checkLabels("spec.selector", objectAt(spec, "selector")),
    ...validateAffinity(spec),
    ...validateClusterIps(spec, type),
    ...validateExternalIps(spec),
    ...validateType(spec, type),
    ...validatePolicies(spec, type),
  ];
}

/** The primary address of a Service stays, unless it is of type ExternalName before or after. */
export function validateServiceUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const external = [object, old].some((each) => stringAt(each, "spec", "type") === "ExternalName");
  const [before] = valuesAt(old, "spec", "clusterIPs");
  const [after] = valuesAt(object, "spec", "clusterIPs");
  if (external || before === undefined || before === after) return [];
  const value = valueAt(object, "spec", "clusterIPs");
  const why =
    after === undefined ? "primary clusterIP can not be unset" : "may not change once set";
  return [invalid("spec.clusterIPs[0]", value, why)];
}

function validatePortCount(spec: JsonObject, type: string): FieldError[] {
  const none = valuesAt(spec, "ports").length === 0;
  return none && !isHeadless(spec) && type !== "ExternalName" ? [required("spec.ports")] : [];
}

function validatePorts(spec: JsonObject, type: string): FieldError[] {
  const ports = objectsAt(spec, "ports");
  const names = ports.map((port) => stringAt(port, "name"));
  return ports.flatMap((port, at) => {
    const here = `spec.ports[${at}]`;
    const name = names[at] ?? "";
    const broken = name === "" ? undefined : brokenLabel(name);
    const protocol = stringAt(port, "protocol");
    const appProtocol = stringAt(port, "appProtocol");
    const nodePort = numberAt(port, "nodePort") ?? 0;
    const target = port["targetPort"];
    return [
      ...(name === "" && ports.length > 1 ? [required(`${here}.name`)] : []),
      ...(broken === undefined ? [] : [invalid(`${here}.name`, name, broken)]),
      ...(name !== "" && names.indexOf(name) < at ? [duplicate(`${here}.name`, name)] : []),
      ...checkPortNumber(`${here}.port`, port["port"]),
      ...(protocol === "" ? [required(`${here}.protocol`)] : []),
      ...(protocol === "" || ["SCTP", "TCP", "UDP"].includes(protocol)
        ? []
        : [notSupported(`${here}.protocol`, protocol, ["SCTP", "TCP", "UDP"])]),
      ...checkPortNumberOrName(`${here}.targetPort`, target),
      ...(appProtocol === ""
        ? []
        : brokenQualifiedName(appProtocol).map((rule) =>
            invalid(`${here}.appProtocol`, appProtocol, rule),
          )),
      ...(nodePort !== 0 && (type === "ClusterIP" || type === "ExternalName")
        ? [forbiddenField(`${here}.nodePort`, `may not be used when \`type\` is '${type}'`)]
        : []),
    ];
  });
}

/** No port and no node port twice with the same protocol. */
function validateUniquePorts(ports: readonly JsonObject[]): FieldError[] {
  return ["nodePort", "port"].flatMap((field) => {
    const keys = ports.map((port) => `${stringAt(port, "protocol")}/${numberAt(port, field) ?? 0}`);
    return ports.flatMap((port, at) => {
      const key = keys[at] ?? "";
      if (key.endsWith("/0") || keys.indexOf(key) === at) return [];
      if (field === "nodePort") return [duplicate(`spec.ports[${at}].nodePort`, port["nodePort"])];
      return [
        duplicate(`spec.ports[${at}]`, {
          protocol: stringAt(port, "protocol"),
          port: numberAt(port, "port") ?? 0,
        }),
      ];
    });
  });
}

function validateAffinity(spec: JsonObject): FieldError[] {
  const affinity = stringAt(spec, "sessionAffinity");
  if (affinity !== "None" && affinity !== "ClientIP") {
    return affinity === ""
      ? [required("spec.sessionAffinity")]
      : [notSupported("spec.sessionAffinity", affinity, ["ClientIP", "None"])];
  }
  const config = spec["sessionAffinityConfig"];
  const path = "spec.sessionAffinityConfig";
  if (affinity === "None") {
    return config === undefined
      ? []
      : [forbiddenField(path, "must not be set when session affinity is None")];
  }
  const seconds = numberAt(config, "clientIP", "timeoutSeconds");
  if (seconds === undefined || (seconds > 0 && seconds <= maxAffinitySeconds)) return [];
  return [
    invalid(
      `${path}.clientIP.timeoutSeconds`,
      seconds,
      `must be greater than 0 and less than ${maxAffinitySeconds}`,
    ),
  ];
}

function validateClusterIps(spec: JsonObject, type: string): FieldError[] {
  const address = stringAt(spec, "clusterIP");
  const addresses = valuesAt(spec, "clusterIPs");
  if (type === "ExternalName") {
    return addresses.length > 0
      ? [forbiddenField("spec.clusterIPs", "may not be set for ExternalName services")]
      : [];
  }
  const errors: FieldError[] = [];
  if (address !== "" && addresses.length > 0 && addresses[0] !== address) {
    errors.push(invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`"));
  }
  for (const [at, each] of addresses.entries()) {
    if (typeof each !== "string" || each === "") continue;
    if (each === "None") {
      if (type !== "ClusterIP") {
        const rule = `may not be set to 'None' for ${type} services`;
        errors.push(invalid(`spec.clusterIPs[${at}]`, each, rule));
      }
    } else if (!isAddress(each)) {
      const rule = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
      errors.push(invalid(`spec.clusterIPs[${at}]`, each, rule));
    }
  }
  return errors;
}

function validateExternalIps(spec: JsonObject): FieldError[] {
  return valuesAt(spec, "externalIPs").flatMap((address, at) =>
    typeof address === "string" && isAddress(address)
      ? []
      : [
          invalid(
            `spec.externalIPs[${at}]`,
            address,
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
          ),
        ],
  );
}

function validateType(spec: JsonObject, type: string): FieldError[] {
  if (type === "") return [required("spec.type")];
  if (!types.includes(type)) return [notSupported("spec.type", type, types)];
  if (type !== "ExternalName") return [];
  const name = stringAt(spec, "externalName").replace(/\.$/, "");
  const broken = name === "" ? undefined : brokenSubdomain(name);
  if (name === "") return [required("spec.externalName")];
  return broken === undefined ? [] : [invalid("spec.externalName", name, broken)];
}

function validatePolicies(spec: JsonObject, type: string): FieldError[] {
  const external = stringAt(spec, "externalTrafficPolicy");
  const internal = stringAt(spec, "internalTrafficPolicy");
  const exposed = type === "NodePort" || type === "LoadBalancer";
  const policies = ["Cluster", "Local"];
  const errors: FieldError[] = [];
  if (external !== "" && !exposed && valuesAt(spec, "externalIPs").length === 0) {
    errors.push(
      invalid(
        "spec.externalTrafficPolicy",
        external,
        "may only be set for externally-accessible services",
      ),
    );
  } else if (external !== "" && !policies.includes(external)) {
    errors.push(notSupported("spec.externalTrafficPolicy", external, policies));
  }
  if (internal !== "" && !policies.includes(internal)) {
    errors.push(notSupported("spec.internalTrafficPolicy", internal, policies));
  }
  if (type !== "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== undefined) {
    errors.push(
      forbiddenField(
        "spec.allocateLoadBalancerNodePorts",
        "may only be used when `type` is 'LoadBalancer'",
      ),
    );
  }
  return errors;
}

/** Whether a text is an IPv4 address or looks like an IPv6 one. */
export function isAddress(text: string): boolean {
  const match = ipPattern.exec(text);
  if (match) return match.slice(1).every((part) => Number(part) <= 255);
  return /^[0-9a-fA-F:.]+$/.test(text) && text.split(":").length > 2;
}

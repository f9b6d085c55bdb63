import {
  type FieldError,
  forbiddenField,
  invalid,
  type JsonObject,
  required,
} from "@cellplane/apimachinery";
import { compareQuantities, quantityNanos } from "../quantity/quantity.ts";
import {
  numberAt,
  objectAt,
  objectsAt,
  optionalObject,
  stringAt,
  valueAt,
} from "../plain/plain.ts";
import {
  brokenPortName,
  checkEnum,
  checkNonNegative,
  checkPortNumberOrName,
  checkQuantity,
  checkUnique,
} from "./checks.ts";
import { brokenConfigKey, brokenLabel, brokenSubdomain, requireName } from "./names.ts";

/** What containers may refer to. */
export interface ContainerScope {
  /** Names of the pod's volumes. */
  readonly volumes: ReadonlySet<string>;
  /** Names of containers in other lists of the same pod. */
  readonly taken: ReadonlySet<string>;
}

/** The containers of one list. */
export function validateContainers(
  path: string,
  containers: readonly JsonObject[],
  scope: ContainerScope,
): FieldError[] {
  const names = containers.map((container) => stringAt(container, "name"));
  return containers.flatMap((container, at) => {
    const here = `${path}[${at}]`;
    const name = names[at] ?? "";
    const repeated = name !== "" && (names.indexOf(name) < at || scope.taken.has(name));
    return [
      ...validateContainer(here, container, scope),
      ...(repeated ? checkUnique([name, name], () => `${here}.name`) : []),
      ...validateProbes(here, container),
    ];
  });
}

function validateContainer(
  path: string,
  container: JsonObject,
  scope: ContainerScope,
): FieldError[] {
  const image = stringAt(container, "image");
  return [
    ...requireName(`${path}.name`, stringAt(container, "name"), brokenLabel),
    ...(image === "" ? [required(`${path}.image`)] : []),
    ...(image === image.trim()
      ? []
      : [invalid(`${path}.image`, image, "must not have leading or trailing whitespace")]),
    ...checkEnum(
      `${path}.terminationMessagePolicy`,
      stringAt(container, "terminationMessagePolicy"),
      ["FallbackToLogsOnError", "File"],
    ),
    ...validatePorts(`${path}.ports`, objectsAt(container, "ports")),
    ...objectsAt(container, "env").flatMap((env, at) => validateEnv(`${path}.env[${at}]`, env)),
    ...validateMounts(path, container, scope),
    ...checkEnum(`${path}.imagePullPolicy`, stringAt(container, "imagePullPolicy"), [
      "Always",
      "IfNotPresent",
      "Never",
    ]),
    ...validateResources(`${path}.resources`, objectAt(container, "resources")),
  ];
}

function validatePorts(path: string, ports: readonly JsonObject[]): FieldError[] {
  const names = ports.map((port) => stringAt(port, "name"));
  return ports.flatMap((port, at) => {
    const here = `${path}[${at}]`;
    const name = names[at] ?? "";
    const number = numberAt(port, "containerPort") ?? 0;
    const range = "must be between 1 and 65535, inclusive";
    const hostPort = numberAt(port, "hostPort") ?? 0;
    return [
      ...(name === ""
        ? []
        : brokenPortName(name).map((rule) => invalid(`${here}.name`, name, rule))),
      ...(name !== "" && names.indexOf(name) < at
        ? checkUnique([name, name], () => `${here}.name`)
        : []),
      ...(number === 0 ? [required(`${here}.containerPort`)] : []),
      ...(number < 0 || number > 65_535 ? [invalid(`${here}.containerPort`, number, range)] : []),
      ...(hostPort < 0 || hostPort > 65_535 ? [invalid(`${here}.hostPort`, hostPort, range)] : []),
      ...checkEnum(`${here}.protocol`, stringAt(port, "protocol"), ["SCTP", "TCP", "UDP"]),
    ];
  });
}

const sourceNames = [
  "fieldRef",
  "resourceFieldRef",
  "configMapKeyRef",
  "secretKeyRef",
  "fileKeyRef",
];

function validateEnv(path: string, env: JsonObject): FieldError[] {
  const name = stringAt(env, "name");
  const from = optionalObject(env, "valueFrom");
  const named = name === "" ? [required(`${path}.name`)] : [];
  if (!from) return named;
  const set = sourceNames.filter((source) => optionalObject(from, source));
  const fromPath = `${path}.valueFrom`;
  if (stringAt(env, "value") !== "" && set.length > 0) {
    return [...named, invalid(fromPath, "", "may not be specified when `value` is not empty")];
  }
  const rule =
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
  if (set.length === 0) return [...named, invalid(fromPath, "", rule)];
  const refs = ["configMapKeyRef", "secretKeyRef"].flatMap((source) => {
    const ref = optionalObject(from, source);
    if (!ref) return [];
    const refPath = `${fromPath}.${source}`;
    return [
      ...(stringAt(ref, "name") === "" ? [required(`${refPath}.name`)] : []),
      ...requireName(`${refPath}.key`, stringAt(ref, "key"), brokenConfigKey),
    ];
  });
  const many = "may not have more than one field specified at a time";
  return [...named, ...refs, ...(set.length > 1 ? [invalid(fromPath, "", many)] : [])];
}

function validateMounts(path: string, container: JsonObject, scope: ContainerScope): FieldError[] {
  const mounts = objectsAt(container, "volumeMounts");
  const mountPaths = mounts.map((mount) => stringAt(mount, "mountPath"));
  return mounts.flatMap((mount, at) => {
    const here = `${path}.volumeMounts[${at}]`;
    const name = stringAt(mount, "name");
    const mountPath = mountPaths[at] ?? "";
    return [
      ...(name === "" ? [required(`${here}.name`)] : []),
      ...(name !== "" && !scope.volumes.has(name)
        ? [
            {
              reason: "FieldValueNotFound" as const,
              field: `${here}.name`,
              message: `Not found: ${JSON.stringify(name)}`,
            },
          ]
        : []),
      ...(mountPath === "" ? [required(`${here}.mountPath`)] : []),
      ...(mountPath !== "" && mountPaths.indexOf(mountPath) < at
        ? [invalid(`${here}.mountPath`, mountPath, "must be unique")]
        : []),
    ];
  });
}

/** Requests and limits: amounts, and no request above its limit. */
export function validateResources(path: string, resources: JsonObject): FieldError[] {
  const limits = objectAt(resources, "limits");
  const requests = objectAt(resources, "requests");
  return [
    ...Object.entries(limits).flatMap(([name, value]) =>
      checkQuantity(`${path}.limits[${name}]`, value),
    ),
    ...Object.entries(requests).flatMap(([name, value]) => {
      const here = `${path}.requests`;
      const limit = limits[name];
      const above =
        limit !== undefined &&
        quantityNanos(limit) !== undefined &&
        compareQuantities(value, limit) > 0;
      const text = typeof limit === "string" ? limit : String(numberAt({ limit }, "limit") ?? "");
      return [
        ...checkQuantity(`${here}[${name}]`, value),
        ...(above
          ? [invalid(here, value, `must be less than or equal to ${name} limit of ${text}`)]
          : []),
      ];
    }),
  ];
}

const handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

function validateProbes(path: string, container: JsonObject): FieldError[] {
  return ["livenessProbe", "readinessProbe", "startupProbe"].flatMap((name) => {
    const probe = optionalObject(container, name);
    if (!probe) return [];
    const here = `${path}.${name}`;
    const numbers = [
      "initialDelaySeconds",
      "timeoutSeconds",
      "periodSeconds",
      "successThreshold",
      "failureThreshold",
    ];
    const success = numberAt(probe, "successThreshold") ?? 1;
    return [
      ...validateHandler(here, probe),
      ...numbers.flatMap((field) => checkNonNegative(`${here}.${field}`, valueAt(probe, field))),
      ...(name !== "readinessProbe" && success !== 1
        ? [invalid(`${here}.successThreshold`, success, "must be 1")]
        : []),
    ];
  });
}

function validateHandler(path: string, handler: JsonObject): FieldError[] {
  const set = handlers.filter((name) => optionalObject(handler, name));
  if (set.length === 0) return [required(path, "must specify a handler type")];
  const extra = set.slice(1).map((name) => {
    return forbiddenField(`${path}.${name}`, "may not specify more than 1 handler type");
  });
  const first = set[0] ?? "";
  const action = objectAt(handler, first);
  if (first === "exec") {
    const empty = !Array.isArray(action["command"]) || action["command"].length === 0;
    return [...(empty ? [required(`${path}.exec.command`)] : []), ...extra];
  }
  const port = checkPortNumberOrName(`${path}.${first}.port`, action["port"]);
  const noPath = first === "httpGet" && stringAt(action, "path") === "";
  return [...(noPath ? [required(`${path}.httpGet.path`)] : []), ...port, ...extra];
}

/** Names of Secrets and the like in pods. */
export function validateReferenceName(path: string, name: string): FieldError[] {
  const broken = name === "" ? undefined : brokenSubdomain(name);
  return broken === undefined ? [] : [invalid(path, name, broken)];
}

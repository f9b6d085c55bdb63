import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  labelSelectorFromObject,
  StatusError,
} from "@cellplane/apimachinery";
import type { ScalePaths } from "../registry/resource.ts";

/** The `autoscaling/v1` Scale of an object. @throws {StatusError} 500 where it has no replicas */
export function scaleOf(
  object: KubernetesObject,
  paths: ScalePaths,
  isCustom: boolean,
): KubernetesObject {
  const { name = "", namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = readPath(object, paths.specReplicasPath);
  if (replicas === undefined && isCustom) throw noReplicas(paths.specReplicasPath);
  const count = typeof replicas === "number" ? replicas : 0;
  const observed = readPath(object, paths.statusReplicasPath);
  const selector = selectorText(object, paths);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: count === 0 ? {} : { replicas: count },
    status: {
      replicas: typeof observed === "number" ? observed : 0,
      ...(selector === "" ? {} : { selector }),
    },
  };
}

/** The object with other replicas. */
export function withReplicas(
  object: KubernetesObject,
  path: string,
  replicas: number,
): KubernetesObject {
  const steps = path.split(".").filter((step) => step !== "");
  return writeSteps(
    object as unknown as JsonObject,
    steps,
    replicas,
  ) as unknown as KubernetesObject;
}

function selectorText(object: KubernetesObject, { labelSelectorPath }: ScalePaths): string {
  if (labelSelectorPath === undefined) return "";
  const selector = readPath(object, labelSelectorPath);
  if (typeof selector === "string") return selector;
  if (!isJsonObject(selector)) return "";
  const isStructured = "matchLabels" in selector || "matchExpressions" in selector;
  return labelSelectorFromObject(isStructured ? selector : { matchLabels: selector }).toString();
}

function readPath(object: KubernetesObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = object as unknown as JsonObject;
  for (const step of path.split(".")) {
    if (step === "") continue;
    if (!isJsonObject(value)) return undefined;
    value = value[step];
  }
  return value;
}

function writeSteps(object: JsonObject, steps: readonly string[], value: number): JsonObject {
  const [step = "", ...rest] = steps;
  if (rest.length === 0) return { ...object, [step]: value };
  const inner = object[step];
  return { ...object, [step]: writeSteps(isJsonObject(inner) ? inner : {}, rest, value) };
}

function noReplicas(path: string): StatusError {
  const why = `the spec replicas field ${JSON.stringify(path)} does not exist`;
  return new StatusError("InternalError", `Internal error occurred: ${why}`, {
    details: { causes: [{ message: why }] },
  });
}

import { isJsonObject, type JsonObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import { labels } from "../api/names.ts";
import type { FieldPath } from "./field-path.ts";

const podTemplatePaths: Readonly<Record<string, FieldPath>> = {
  Deployment: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
  Pod: [],
};

/** The object with what its cell asks of pods: the cell's label, and its nodes. */
export function withPodSettings(object: JsonObject, kind: string, cell: Cell): JsonObject {
  const path = podTemplatePaths[kind];
  const { labelPods = false, nodeSelector } = cell.spec;
  if (path === undefined || (!labelPods && nodeSelector === undefined)) return object;
  return editAt(object, path, (pod) => {
    const labelled = labelPods
      ? editAt(pod, ["metadata", "labels"], (set) => ({
          ...set,
          [labels.cell]: cell.metadata.name,
        }))
      : pod;
    if (nodeSelector === undefined) return labelled;
    return editAt(labelled, ["spec", "nodeSelector"], (set) => ({ ...set, ...nodeSelector }));
  });
}

function editAt(
  object: JsonObject,
  path: FieldPath,
  edit: (value: JsonObject) => JsonObject,
): JsonObject {
  const [part, ...rest] = path;
  if (part === undefined) return edit(object);
  const inner = object[part];
  return { ...object, [part]: editAt(isJsonObject(inner) ? inner : {}, rest, edit) };
}

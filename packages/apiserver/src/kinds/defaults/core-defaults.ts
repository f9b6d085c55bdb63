import type { JsonObject } from "@cellplane/apimachinery";
import {
  type Edit,
  editAll,
  editItems,
  editMember,
  editOrCreate,
  withDefaults,
  withMember,
  without,
} from "../plain/edit.ts";
import { objectAt, optionalObject, stringAt, stringMapAt } from "../plain/plain.ts";
import { defaultClaimSpec, defaultVolumeSource } from "./volume-defaults.ts";

/** Namespaces carry their name as a label, for selectors. */
export const defaultNamespace: Edit = (namespace) => {
  const name = stringAt(namespace, "metadata", "name");
  if (name === "") return namespace;
  return editMember(namespace, "metadata", (metadata) =>
    editOrCreate(metadata, "labels", (labels) =>
      withMember(labels, "kubernetes.io/metadata.name", name),
    ),
  );
};

/** `stringData` is written into `data` and gone; the type is Opaque. */
export const defaultSecret: Edit = (secret) => {
  const typed = withDefaults(secret, { type: "Opaque" });
  const plain = optionalObject(secret, "stringData");
  if (!plain) return typed;
  const encoded = Object.entries(stringMapAt(plain)).map(
    ([key, value]) => [key, Buffer.from(value, "utf8").toString("base64")] as const,
  );
  const data = { ...objectAt(secret, "data"), ...Object.fromEntries(encoded) };
  return without({ ...typed, data }, "stringData");
};

/** A limit's `default` is its `max`, its `defaultRequest` what is default or `min`. */
export const defaultLimitRange: Edit = (range) =>
  editMember(range, "spec", (spec) =>
    editItems(spec, "limits", (limit) => {
      if (stringAt(limit, "type") !== "Container") return limit;
      const limits = mergeDefaults(limit, "default", objectAt(limit, "max"));
      const requests = mergeDefaults(limits, "defaultRequest", objectAt(limits, "default"));
      return mergeDefaults(requests, "defaultRequest", objectAt(limit, "min"));
    }),
  );

/** core/v1 Endpoints. */
export const defaultEndpoints: Edit = (endpoints) =>
  editItems(endpoints, "subsets", (subset) =>
    editItems(subset, "ports", (port) => withDefaults(port, { protocol: "TCP" })),
  );

/** core/v1 PersistentVolume. */
export const defaultPersistentVolume: Edit = (volume) =>
  editOrCreate(volume, "spec", (spec) =>
    defaultVolumeSource(
      withDefaults(spec, {
        persistentVolumeReclaimPolicy: "Retain",
        volumeMode: "Filesystem",
      }),
    ),
  );

/** core/v1 PersistentVolumeClaim: `dataSource` and `dataSourceRef` follow each other. */
export const defaultPersistentVolumeClaim: Edit = (claim) =>
  editOrCreate(claim, "spec", (spec) =>
    editAll(defaultClaimSpec(spec), (each) => {
      const source = optionalObject(each, "dataSource");
      const reference = optionalObject(each, "dataSourceRef");
      if (source && !reference) {
        const whole = withDefaults(source, { apiGroup: null });
        return { ...each, dataSource: whole, dataSourceRef: whole };
      }
      const narrow = reference && isClaimOrSnapshot(reference) && !source;
      return narrow ? { ...each, dataSource: withDefaults(reference, { apiGroup: null }) } : each;
    }),
  );

function isClaimOrSnapshot(reference: JsonObject): boolean {
  if (stringAt(reference, "namespace") !== "") return false;
  const kind = stringAt(reference, "kind");
  const group = stringAt(reference, "apiGroup");
  return (
    (kind === "PersistentVolumeClaim" && group === "") ||
    (kind === "VolumeSnapshot" && group === "snapshot.storage.k8s.io")
  );
}

function mergeDefaults(limit: JsonObject, name: string, from: JsonObject): JsonObject {
  if (Object.keys(from).length === 0) return limit;
  return withMember(limit, name, withDefaults(objectAt(limit, name), from));
}

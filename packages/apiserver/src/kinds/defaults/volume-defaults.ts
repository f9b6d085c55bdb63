import type { JsonObject } from "@cellplane/apimachinery";
import {
  type Edit,
  editAll,
  editItems,
  editMember,
  editOrCreate,
  withDefaults,
} from "../plain/edit.ts";
import { stringAt } from "../plain/plain.ts";
import { defaultFieldRef } from "./container-defaults.ts";

/** 0644, what files of projected volumes get. */
const defaultMode = 420;

const bySource: Readonly<Record<string, Edit>> = {
  configMap: (source) => withDefaults(source, { defaultMode }),
  secret: (source) => withDefaults(source, { defaultMode }),
  downwardAPI: (source) =>
    editItems(withDefaults(source, { defaultMode }), "items", defaultFieldRef),
  projected: (source) =>
    editItems(withDefaults(source, { defaultMode }), "sources", defaultProjection),
  hostPath: (source) => withDefaults(source, { type: "" }),
  iscsi: (source) => withDefaults(source, { iscsiInterface: "default" }),
  rbd: (source) =>
    withDefaults(source, { pool: "rbd", user: "admin", keyring: "/etc/ceph/keyring" }),
  azureDisk: (source) =>
    withDefaults(source, {
      cachingMode: "ReadWrite",
      kind: "Shared",
      fsType: "ext4",
      readOnly: false,
    }),
  scaleIO: (source) => withDefaults(source, { storageMode: "ThinProvisioned", fsType: "xfs" }),
  image: (source) =>
    withDefaults(source, { pullPolicy: pullPolicyOf(stringAt(source, "reference")) }),
  ephemeral: (source) =>
    editMember(source, "volumeClaimTemplate", (template) =>
      editOrCreate(template, "spec", defaultClaimSpec),
    ),
};

/** The defaults of a volume of a pod. One without a source is an empty directory. */
export function defaultVolume(volume: JsonObject): JsonObject {
  if (Object.keys(volume).every((name) => name === "name")) return { ...volume, emptyDir: {} };
  return defaultVolumeSource(volume);
}

/** The defaults of whatever source is set, in a pod's volume or in a PersistentVolume. */
export function defaultVolumeSource(holder: JsonObject): JsonObject {
  return editAll(
    holder,
    ...Object.entries(bySource).map(
      ([name, edit]): Edit =>
        (each) =>
          editMember(each, name, edit),
    ),
  );
}

/** The defaults of a claim's `spec`. */
export function defaultClaimSpec(spec: JsonObject): JsonObject {
  return withDefaults(spec, { volumeMode: "Filesystem" });
}

function defaultProjection(source: JsonObject): JsonObject {
  return editAll(
    source,
    (each) =>
      editMember(each, "serviceAccountToken", (token) =>
        withDefaults(token, { expirationSeconds: 3600 }),
      ),
    (each) => editMember(each, "downwardAPI", (api) => editItems(api, "items", defaultFieldRef)),
  );
}

function pullPolicyOf(reference: string): string {
  if (reference.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]*)$/.exec(reference)?.[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}

import type { JsonObject } from "@cellplane/apimachinery";
import { editAll, editItems, editMember, withDefaults } from "../plain/edit.ts";
import { stringAt } from "../plain/plain.ts";

/** The defaults of a container, whatever list it is in. */
export function defaultContainer(container: JsonObject): JsonObject {
  return editAll(
    withDefaults(container, {
      resources: {},
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: isLatest(stringAt(container, "image")) ? "Always" : "IfNotPresent",
    }),
    (each) => editItems(each, "ports", (port) => withDefaults(port, { protocol: "TCP" })),
    (each) => editItems(each, "env", defaultEnv),
    (each) => editMember(each, "livenessProbe", defaultProbe),
    (each) => editMember(each, "readinessProbe", defaultProbe),
    (each) => editMember(each, "startupProbe", defaultProbe),
    (each) => editMember(each, "lifecycle", defaultLifecycle),
  );
}

/** The defaults of a field reference in `env` and in downward API volumes. */
export function defaultFieldRef(holder: JsonObject): JsonObject {
  return editMember(holder, "fieldRef", (ref) => withDefaults(ref, { apiVersion: "v1" }));
}

/** Whether an image reference means "the newest": no tag, or `latest`, and no digest. */
function isLatest(image: string): boolean {
  if (image.includes("@")) return false;
  const tag = /:([^/:]*)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest";
}

function defaultEnv(env: JsonObject): JsonObject {
  return editMember(env, "valueFrom", (from) =>
    editMember(defaultFieldRef(from), "fileKeyRef", (ref) =>
      withDefaults(ref, { optional: false }),
    ),
  );
}

function defaultProbe(probe: JsonObject): JsonObject {
  return editAll(
    withDefaults(probe, {
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    }),
    defaultHttpGet,
    (each) => editMember(each, "grpc", (grpc) => withDefaults(grpc, { service: "" })),
  );
}

function defaultLifecycle(lifecycle: JsonObject): JsonObject {
  return editMember(editMember(lifecycle, "postStart", defaultHttpGet), "preStop", defaultHttpGet);
}

function defaultHttpGet(handler: JsonObject): JsonObject {
  return editMember(handler, "httpGet", (get) => withDefaults(get, { path: "/", scheme: "HTTP" }));
}

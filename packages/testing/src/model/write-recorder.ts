import type { KubernetesObject } from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "@cellplane/apiserver";

/** One write that a member was asked for: the request level of its audit log. */
export interface RecordedWrite {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly cluster: string;
  readonly operation: AdmissionRequest["operation"];
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object?: KubernetesObject;
  readonly oldObject?: KubernetesObject;
}

const controlPlaneAccount = /^system:serviceaccount:kube-federation-system:cellplane-/;

/** An admission plug-in that refuses nothing and notes what control planes write, with the bytes. */
export function createWriteRecorder(
  cluster: string,
  note: (write: RecordedWrite) => void,
): AdmissionPlugin {
  return {
    name: "WriteRecorder",
    handles: ({ user, operation }) =>
      operation !== "CONNECT" && controlPlaneAccount.test(user.username ?? ""),
    validate: ({ operation, gvr, namespace, name, object, oldObject }) => {
      note({
        atMs: Date.now(),
        cluster,
        operation,
        resource: gvr.resource,
        namespace,
        name: name === "" ? (object?.metadata.name ?? "") : name,
        ...(object && { object }),
        ...(oldObject && { oldObject }),
      });
    },
  };
}

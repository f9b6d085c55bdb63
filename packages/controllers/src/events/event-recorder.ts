import type { KubernetesObject } from "@cellplane/apimachinery";

/** Something that happened to an object, in words for people. */
export interface RecordedEvent {
  readonly type: "Normal" | "Warning";
  /** One word in CamelCase, for machines, e.g. `CreateInCluster`. */
  readonly reason: string;
  /** Never holds a credential or the data of a Secret; what is longer than 1024 characters is cut. */
  readonly message: string;
  /** Who tells: `source.component`, e.g. `federateddeployment-controller`. */
  readonly component: string;
}

/** Tells people what happens to objects, as Kubernetes Events. */
export interface EventRecorder {
  /** Takes note; returns at once and never throws. What is too much is dropped. */
  record(about: KubernetesObject, event: RecordedEvent): void;
}

/** The component of a kind's controller as KubeFed names it. */
export function componentOf(kind: string): string {
  return `${kind.toLowerCase()}-controller`;
}

/** Tells nobody. */
export const silentRecorder: EventRecorder = { record: () => undefined };

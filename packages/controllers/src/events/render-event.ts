import type { KubernetesObject } from "@cellplane/apimachinery";
import { formatTime } from "../shared/format-time.ts";
import type { RecordedEvent } from "./event-recorder.ts";

const maxNameLength = 253;

/** What an Event is made from. */
export interface EventContent {
  readonly about: KubernetesObject;
  readonly event: RecordedEvent;
  /** As it is told, which may be shorter than the event's own. */
  readonly message: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Makes the name unique: lower-case letters and digits. */
  readonly serial: string;
}

/** A `v1` Event about an object, in the object's namespace; about a cluster-scoped one, in `default`. */
export function renderEvent(content: EventContent): KubernetesObject {
  const { about, event, message, count, serial } = content;
  const { namespace, name = "", uid, resourceVersion } = about.metadata;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${name.slice(0, maxNameLength - serial.length - 1)}.${serial}`,
      namespace: namespace === undefined || namespace === "" ? "default" : namespace,
    },
    involvedObject: {
      ...(about.apiVersion === undefined ? {} : { apiVersion: about.apiVersion }),
      ...(about.kind === undefined ? {} : { kind: about.kind }),
      ...(namespace === undefined ? {} : { namespace }),
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: event.type,
    reason: event.reason,
    message,
    source: { component: event.component },
    reportingComponent: event.component,
    reportingInstance: "",
    firstTimestamp: formatTime(content.firstMs),
    lastTimestamp: formatTime(content.lastMs),
    count,
  };
}

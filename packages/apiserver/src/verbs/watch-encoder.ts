import { type JsonObject, type KubernetesObject, stringifyJson } from "@cellplane/apimachinery";
import { convertObjects } from "../registry/convert-object.ts";
import { withRevision } from "../registry/prepare-metadata.ts";
import type { CacheEvent, SelectedEvent } from "../watch-cache/cache-event.ts";
import { encodeCachedEvent } from "../watch-cache/cached-object.ts";
import type { RequestedForm } from "./answer-form.ts";
import { apiVersionOf, isInVersion, isSpliceable } from "./get.ts";
import type { ResourceRequest } from "./resource-request.ts";
import { partialOf, tableOf } from "./shape-object.ts";

/** Bytes of an event; a promise only where a webhook converts. */
export type EventBytes = Buffer | Promise<Buffer>;

/** Writes the events of one watch in the form that was asked for. */
export class WatchEncoder {
  readonly #target: ResourceRequest;
  readonly #form: RequestedForm;
  readonly #nowMs: () => number;
  /** Stands for everything that shapes the bytes, so that watches of the same form share them. */
  readonly #key: string;
  readonly #isSpliceable: boolean;
  readonly #apiVersion: string;
  #hasSentColumns = false;

  constructor(target: ResourceRequest, form: RequestedForm, nowMs: () => number) {
    this.#target = target;
    this.#form = form;
    this.#nowMs = nowMs;
    this.#apiVersion = apiVersionOf(target);
    this.#isSpliceable = isSpliceable(target, form);
    this.#key = `${this.#apiVersion} ${form.shape} ${form.metaVersion} ${form.includeObject}`;
  }

  /** The bytes of a change, made once for all watches of this form. */
  encode(event: CacheEvent, selected: SelectedEvent): EventBytes {
    const { revision } = event;
    // The first Table of a watch has columns, the later ones do not: not to be shared.
    if (this.#form.shape === "table") return this.#make(selected, revision);
    const key = `${selected.type} ${this.#key}`;
    const known = event.forms.get(key);
    if (known) return known;
    const made = this.#make(selected, revision);
    event.forms.set(key, made);
    return made;
  }

  /** The bytes of an object that was there before the watch began. */
  encodeInitial(object: SelectedEvent["object"]): EventBytes {
    return this.#make({ type: "ADDED", object }, object.revision);
  }

  /** A bookmark: everything up to `revision` has been sent. */
  encodeBookmark(revision: number, isInitialEnd: boolean): Buffer {
    const { kind } = this.#target.definition;
    const metadata = {
      resourceVersion: String(revision),
      ...(isInitialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    };
    const object = { kind, apiVersion: this.#apiVersion, metadata };
    return this.#eventOf("BOOKMARK", this.#shape(object));
  }

  /** An error that ends the watch. */
  encodeError(status: JsonObject): Buffer {
    return this.#eventOf("ERROR", status);
  }

  #make(selected: SelectedEvent, revision: number): EventBytes {
    const { type, object } = selected;
    if (this.#isSpliceable && isInVersion(this.#target, object)) {
      return encodeCachedEvent(object, { type, apiVersion: this.#apiVersion, revision });
    }
    const { definition, version, store } = this.#target;
    const parsed = withRevision(store.cache.parse(object), revision);
    const converted = convertObjects(definition, [parsed], { version: version.version });
    const encode = ([only = parsed]: readonly KubernetesObject[]): Buffer =>
      this.#eventOf(type, this.#shape(only));
    return converted instanceof Promise ? converted.then(encode) : encode(converted);
  }

  #shape(object: KubernetesObject): JsonObject {
    const form = this.#form;
    switch (form.shape) {
      case "object":
        return object as unknown as JsonObject;
      case "partial":
        return partialOf(object, form.metaVersion);
      case "table": {
        const { resourceVersion = "" } = object.metadata;
        const context = { version: this.#target.version, form, nowMs: this.#nowMs() };
        const isFirst = !this.#hasSentColumns;
        this.#hasSentColumns = true;
        return tableOf(
          [object],
          { resourceVersion },
          {
            ...context,
            ...(isFirst ? {} : { columns: "none" }),
          },
        );
      }
    }
  }

  #eventOf(type: string, object: JsonObject): Buffer {
    return Buffer.from(`${stringifyJson({ type, object })}\n`);
  }
}

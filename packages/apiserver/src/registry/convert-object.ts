import {
  formatGroupVersion,
  type JsonObject,
  type KubernetesObject,
  pruneUnknown,
} from "@cellplane/apimachinery";
import type { ObjectConverter, ResourceDefinition } from "./resource.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * Objects of one resource in another version, without what its schema does not know. A promise only where a webhook converts, so that all
 * else stays synchronous.
 */
export function convertObjects(
  definition: ResourceDefinition,
  objects: readonly KubernetesObject[],
  to: { readonly version: string; readonly signal?: AbortSignal },
): readonly KubernetesObject[] | Promise<readonly KubernetesObject[]> {
  const { conversion, group } = definition;
  const apiVersion = formatGroupVersion({ group, version: to.version });
  if (objects.every((object) => object.apiVersion === apiVersion)) return objects;
  switch (conversion.kind) {
    case "none":
      return objects.map((object) =>
        object.apiVersion === apiVersion
          ? object
          : pruneConverted(definition, withApiVersion(object, apiVersion), to.version),
      );
    case "inProcess":
      return objects.map((object) =>
        object.apiVersion === apiVersion
          ? object
          : pruneConverted(definition, conversion.convert(object, to.version), to.version),
      );
    case "webhook":
      return convertByWebhook(definition, objects, {
        ...to,
        apiVersion,
        convert: conversion.convert,
      });
  }
}

/** One object in another version. */
export async function convertObject(
  definition: ResourceDefinition,
  object: KubernetesObject,
  to: { readonly version: string; readonly signal?: AbortSignal },
): Promise<KubernetesObject> {
  const [converted] = await convertObjects(definition, [object], to);
  if (!converted) throw new Error("Cannot convert an object as the converter returned none");
  return converted;
}

/** A stored object as the request has it. */
export async function toRequestVersion(
  request: WriteRequest,
  object: KubernetesObject,
): Promise<KubernetesObject> {
  const { definition, version, signal } = request;
  return await convertObject(definition, object, { version: version.version, signal });
}

/** What a write answers: what is stored, in the request's version. */
export async function toAnswer(
  request: WriteRequest,
  written: { readonly object: KubernetesObject; readonly stored: KubernetesObject },
): Promise<KubernetesObject> {
  const { object, stored } = written;
  return object === stored ? object : await toRequestVersion(request, stored);
}

/** An object of the request as it is stored. */
export async function toStorageVersion(
  request: WriteRequest,
  object: KubernetesObject,
): Promise<KubernetesObject> {
  const { definition } = request.store;
  const version = definition.storageVersion;
  return await convertObject(definition, object, { version, signal: request.signal });
}

// A webhook is asked only for those that need it, all at once.
async function convertByWebhook(
  definition: ResourceDefinition,
  objects: readonly KubernetesObject[],
  to: {
    readonly version: string;
    readonly apiVersion: string;
    readonly signal?: AbortSignal;
    readonly convert: ObjectConverter;
  },
): Promise<readonly KubernetesObject[]> {
  const others = objects.filter((object) => object.apiVersion !== to.apiVersion);
  const converted = await to.convert(others, to.version, to.signal);
  let at = 0;
  return objects.map((object) => {
    if (object.apiVersion === to.apiVersion) return object;
    const next = converted[at];
    at += 1;
    if (!next) throw new Error("Cannot convert objects as the converter returned too few");
    return pruneConverted(definition, next, to.version);
  });
}

// Of built-in kinds nothing is pruned: their conversions know all fields.
function pruneConverted(
  definition: ResourceDefinition,
  object: KubernetesObject,
  toVersion: string,
): KubernetesObject {
  if (definition.origin !== "crd") return object;
  const version = definition.versions.find((each) => each.version === toVersion);
  if (!version) return object;
  return pruneUnknown(
    version.schema,
    object as unknown as JsonObject,
  ) as unknown as KubernetesObject;
}

function withApiVersion(object: KubernetesObject, apiVersion: string): KubernetesObject {
  const { kind, apiVersion: _, ...rest } = object;
  return { ...(kind === undefined ? {} : { kind }), apiVersion, ...rest };
}

import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { abortableDelay, type ResourcePath, type RestClient } from "@cellplane/client";
import {
  createTypeConfig,
  type FederatedTypeConfig,
  federateObject,
  type FederateRequest,
  listed,
  tenantOf,
  withTemplateOf,
} from "@cellplane/federation";
import { namespaces } from "../membership/system-namespace.ts";
import { nameOf } from "../output/render-objects.ts";
import { CliError } from "../program/cli-error.ts";
import { findObject } from "./ensure-object.ts";
import { type Original, targetName } from "./original.ts";

/** How originals become federated objects. */
export interface FederateOptions {
  /** Types by the name of their target; kinds that are not there get KubeFed's defaults. */
  readonly configs: ReadonlyMap<string, FederatedTypeConfig>;
  /** Over what objects in a namespace are spread. */
  readonly over: FederateRequest["over"];
  readonly hold: FederateRequest["hold"];
  /** The namespace of the control plane that they go to; their own unless given. */
  readonly into: string | undefined;
  readonly warn: (line: string) => void;
}

/** A federated object, and where it is written. */
export interface Federated {
  readonly object: KubernetesObject;
  readonly path: ResourcePath;
}

/** Over what a namespace's objects are spread: a tenant's over its cells. */
export async function overOf(
  controlPlane: RestClient,
  namespace: string,
): Promise<FederateRequest["over"]> {
  const home = await findObject(controlPlane, namespaces, namespace);
  return tenantOf(home?.metadata.labels).tenant === "" ? "clusters" : "cells";
}

/** Makes federated objects of originals; annotations that stay behind are told. */
export function federateAll(
  originals: readonly Original[],
  { configs, over, hold, into, warn }: FederateOptions,
): readonly Federated[] {
  return originals.map(({ target, object }) => {
    const { spec } = configs.get(targetName(target)) ?? createTypeConfig(target);
    const isCluster = target.scope === "Cluster";
    const moved = into === undefined ? object : moveTo(object, isCluster, into);
    const result = federateObject(moved, {
      // The version that it was read in says how the template is written.
      typeConfig: spec,
      over: isCluster ? "clusters" : over,
      hold,
    });
    for (const warning of result.warnings) {
      warn(`${targetName(target)}/${object.metadata.name ?? ""}: ${warning}`);
    }
    return { object: result.object, path: pathOf(result.object, spec.federatedType.pluralName) };
  });
}

/** How federated objects are written. */
export interface WriteOptions {
  /** `template`: one that is there gets the new template, and keeps placement, mask and overrides. */
  readonly existing: "refuse" | "template";
  readonly dryRun: boolean;
  readonly tell: (line: string) => void;
}

/** Creates federated objects. Nothing is written where any of them exists and may not be changed. */
export async function writeFederated(
  controlPlane: RestClient,
  all: readonly Federated[],
  { existing, dryRun, tell }: WriteOptions,
): Promise<void> {
  const found = await Promise.all(
    all.map(({ object, path }) => findObject(controlPlane, path, object.metadata.name ?? "")),
  );
  const taken = found.flatMap((each) => (each ? [inWords(each)] : []));
  if (taken.length > 0 && existing === "refuse") {
    throw new CliError(
      `Cannot federate as there is already ${listed(taken)}; nothing was changed. Give their templates anew with --overwrite`,
    );
  }
  for (const [index, { object, path }] of all.entries()) {
    const current = found[index];
    const outcome = current
      ? await overwrite(controlPlane, path, { current, object, dryRun })
      : await createSoon(controlPlane, path, object, dryRun);
    tell(`${inWords(object)} ${outcome}${dryRun ? " (dry run)" : ""}`);
  }
}

async function overwrite(
  controlPlane: RestClient,
  path: ResourcePath,
  {
    current,
    object,
    dryRun,
  }: {
    readonly current: KubernetesObject;
    readonly object: KubernetesObject;
    readonly dryRun: boolean;
  },
): Promise<"updated" | "unchanged"> {
  const wanted = withTemplateOf(current, object);
  const updated = await controlPlane.update(path, wanted, { dryRun });
  return updated.metadata.generation === current.metadata.generation ? "unchanged" : "updated";
}

// A kind that was enabled just now is served a moment later.
const servedWithinMs = 10_000;
const retryMs = 250;

async function createSoon(
  controlPlane: RestClient,
  path: ResourcePath,
  object: KubernetesObject,
  dryRun: boolean,
): Promise<"created"> {
  const signal = AbortSignal.timeout(servedWithinMs);
  for (;;) {
    try {
      await controlPlane.create(path, object, { dryRun });
      return "created";
    } catch (error) {
      if (!isStatus(error, "NotFound") || signal.aborted) throw error;
      await abortableDelay(retryMs, signal).catch(() => undefined);
    }
  }
}

function pathOf({ apiVersion = "", metadata }: KubernetesObject, resource: string): ResourcePath {
  const [group = "", version = ""] = apiVersion.split("/");
  const { namespace } = metadata;
  return { group, version, resource, ...(namespace === undefined ? {} : { namespace }) };
}

function moveTo(object: KubernetesObject, isCluster: boolean, into: string): KubernetesObject {
  // A Namespace is its own home.
  const place = isCluster ? { name: into } : { namespace: into };
  return { ...object, metadata: { ...object.metadata, ...place } };
}

function inWords(object: KubernetesObject): string {
  const { namespace } = object.metadata;
  return namespace === undefined ? nameOf(object) : `${nameOf(object)} in namespace ${namespace}`;
}

import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import {
  coreCrds,
  defaultTypeConfigs,
  defaultTypeCrds,
  groups,
  leaderLockCrd,
  webhookConversion,
} from "@cellplane/federation";
import { defaultConfig, targetSchemas } from "../../federation/bootstrap-federation.ts";
import type { HostFeatures } from "../host/host-features.ts";
import { renderClientConfig, webhookPaths, type WebhookTarget } from "../webhook/webhook-target.ts";
import { renderRbac } from "./render-rbac.ts";

/** One object to install. */
export interface InstalledObject {
  readonly path: ResourcePath;
  readonly object: KubernetesObject;
  /** `once`: from then on it is the operator's to edit. `ours`: brought up to date each time. */
  readonly keep: "once" | "ours";
}

/** What an installation is made for. */
export interface InstallationOptions {
  readonly systemNamespace: string;
  readonly target: WebhookTarget;
  /** PEM; empty: the controller manager fills it in. */
  readonly caBundle: string;
  readonly features: HostFeatures;
}

/** All that a host must have before the controllers run, in the order in which it is made. */
export function renderInstallation(options: InstallationOptions): readonly InstalledObject[] {
  const { features, systemNamespace } = options;
  const clientConfig = renderClientConfig(options.target, webhookPaths.convert, options.caBundle);
  const conversion = webhookConversion(clientConfig);
  const crds = [
    ...coreCrds(),
    ...(features.configMaps ? [] : [leaderLockCrd()]),
    ...defaultTypeCrds({ conversion, schemas: targetSchemas() }),
  ];
  const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: systemNamespace } };
  return [
    ...(features.namespaces ? [installed(home, "namespaces", "once")] : []),
    ...crds.map((crd) => installed(crd, "customresourcedefinitions", "ours")),
    ...(features.rbac
      ? renderRbac(systemNamespace).map((each) =>
          installed(each, `${each.kind?.toLowerCase() ?? ""}s`, "ours"),
        )
      : []),
    installed(defaultConfig(systemNamespace), "kubefedconfigs", "once"),
    ...defaultTypeConfigs(systemNamespace)
      .map((config) =>
        // Their revisions are kept as Secrets, so that there is no place for them.
        config.metadata.name === "secrets" && !features.secrets
          ? { ...config, spec: { ...config.spec, propagation: "Disabled" as const } }
          : config,
      )
      .map((config) => installed(config, "federatedtypeconfigs", "once")),
  ];
}

function installed(
  object: KubernetesObject,
  resource: string,
  keep: InstalledObject["keep"],
): InstalledObject {
  const [first = "", second] = (object.apiVersion ?? "").split("/");
  const { namespace } = object.metadata;
  const path = { group: second === undefined ? "" : first, version: second ?? first, resource };
  return { path: namespace === undefined ? path : { ...path, namespace }, object, keep };
}

/** The group of the objects that need a CRD to be served first. */
export function needsCrd({ path }: InstalledObject): boolean {
  return path.group === groups.core;
}

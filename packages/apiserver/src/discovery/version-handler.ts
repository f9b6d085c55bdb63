import type { HttpHandler } from "../request/http-handler.ts";

/** What `/version` says. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** The Kubernetes version whose API is served, and which clients compare themselves with. */
export const kubernetesVersion = { major: "1", minor: "36", patch: "2" } as const;

/**
 * The version of this build: `v1.36.2+cellplane.0.1.0`, a semantic version of which clients read
 * the first part as that of Kubernetes. `runtime` and `platform` are `process.version` and
 * `linux/x64`.
 */
export function computeVersionInfo(build: {
  readonly version: string;
  readonly commit?: string;
  readonly date?: string;
  readonly runtime: string;
  readonly platform: string;
}): VersionInfo {
  const { major, minor, patch } = kubernetesVersion;
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.${patch}+cellplane.${build.version}`,
    gitCommit: build.commit ?? "",
    gitTreeState: "clean",
    buildDate: build.date ?? "1970-01-01T00:00:00Z",
    goVersion: `node${build.runtime}`,
    compiler: "v8",
    platform: build.platform,
  };
}

/** Serves `/version`. */
export function createVersionHandler(info: VersionInfo): HttpHandler {
  const body = `${JSON.stringify(info, undefined, 2)}\n`;
  return {
    handles: (path) => path === "/version" || path === "/version/",
    handle: () => ({ status: 200, headers: { "content-type": "application/json" }, body }),
  };
}

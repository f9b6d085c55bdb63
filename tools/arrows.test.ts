import { deepEqual } from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, it } from "node:test";

interface Layer {
  /** Packages of ours that it may import. */
  readonly imports: readonly string[];
  /**
   * Folders from top to bottom: each may import only itself and those after it. Loose files come
   * last, but for `index.ts` and `main.ts`, which may import all.
   */
  readonly folders: readonly string[];
  /** Whether it also runs in a browser, so imports no `node:`; `except` names folders that do not. */
  readonly browser?: { readonly except: readonly string[] };
}

/** The one place where the architecture is written down (`docs/architecture.md` shows it). */
const architecture: Readonly<Record<string, Layer>> = {
  "apps/cli": {
    imports: ["apimachinery", "client", "federation", "grpc", "kms", "x509"],
    folders: [
      "demo",
      "commands",
      "credentials",
      "migration",
      "release",
      "types",
      "membership",
      "output",
      "program",
    ],
  },
  "apps/control-plane": {
    imports: [
      "apimachinery",
      "kv",
      "client",
      "federation",
      "apiserver",
      "controllers",
      "metrics",
      "grpc",
      "kms",
      "etcd",
      "tunnel",
      "x509",
    ],
    folders: [],
  },
  "packages/controllers": {
    imports: ["apimachinery", "client", "federation", "metrics", "kms"],
    folders: [],
  },
  "packages/apiserver": {
    imports: ["apimachinery", "kv", "kms", "x509"],
    folders: [
      "server",
      "node",
      "pipeline",
      "audit",
      "authn",
      "authz",
      "webhooks",
      "crds",
      "kinds",
      "discovery",
      "verbs",
      "admission",
      "registry",
      "watch-cache",
      "encryption",
      "storage",
      "pki",
      "request",
    ],
  },
  "packages/client": {
    imports: ["apimachinery"],
    folders: ["node", "controller", "informer", "workqueue", "rest"],
    browser: { except: ["node"] },
  },
  "packages/federation": {
    imports: ["apimachinery"],
    folders: [
      "admission",
      "explain",
      "quota",
      "dependencies",
      "scheduling",
      "plan",
      "status",
      "template",
      "placement",
      "conversion",
      "crds",
      "api",
      "hash",
    ],
    browser: { except: [] },
  },
  "packages/kv": {
    imports: ["grpc", "etcd-api"],
    folders: ["archive", "etcd", "mysql", "sql", "memory", "watch", "store"],
  },
  "packages/etcd": {
    imports: ["grpc", "etcd-api", "kv", "metrics"],
    folders: ["server", "watch", "concurrency", "services", "snapshot", "bolt", "context"],
  },
  "packages/etcd-api": { imports: ["grpc"], folders: [] },
  "packages/x509": { imports: [], folders: [] },
  "packages/tunnel": {
    imports: ["grpc", "metrics", "x509"],
    folders: ["agent", "frontend", "server", "link", "trace", "protocol"],
  },
  "packages/kms": {
    imports: ["grpc"],
    folders: ["sealed-credential", "plugin", "key-file", "envelope"],
  },
  "packages/grpc": { imports: [], folders: ["server", "client", "call", "http2", "wire", "codec"] },
  "packages/metrics": { imports: [], folders: [] },
  "packages/apimachinery": {
    imports: [],
    folders: ["apply", "patch", "schema", "jsonpath", "selector", "status", "codec", "meta"],
    browser: { except: [] },
  },
};

interface Edge {
  readonly file: string;
  readonly target: string;
}

const importPattern = /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*"([^"]+)"|import\("([^"]+)"\)/g;

function edgesOf(folder: string): readonly Edge[] {
  return globSync(`${folder}/src/**/*.ts`).flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return Array.from(text.matchAll(importPattern), (match) => {
      const specifier = match[1] ?? match[2] ?? "";
      const target = specifier.startsWith(".")
        ? normalize(join(dirname(file), specifier))
        : specifier;
      return { file, target };
    });
  });
}

const isTest = (file: string): boolean => /\.(test|suite)\.ts$/.test(file);

function depth(file: string, folder: string, layer: Layer): number {
  const inside = relative(`${folder}/src`, file);
  if (inside === "index.ts" || inside === "main.ts") return -1;
  const at = layer.folders.indexOf(inside.split("/")[0] ?? "");
  return at === -1 ? layer.folders.length : at;
}

for (const [folder, layer] of Object.entries(architecture)) {
  describe(`the arrows of ${folder}`, () => {
    const edges = edgesOf(folder).filter(({ file }) => !isTest(file));

    it(`imports only [${layer.imports.join(", ")}] of ours`, () => {
      const allowed = new Set(layer.imports.map((name) => `@cellplane/${name}`));
      const wrong = edges.filter(({ target }) => {
        const parts = target.split("/");
        return target.startsWith("@cellplane/") && !allowed.has(parts.slice(0, 2).join("/"));
      });
      deepEqual(wrong, []);
    });

    it("declares what it imports", () => {
      const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as {
        readonly dependencies?: Readonly<Record<string, string>>;
        readonly peerDependencies?: Readonly<Record<string, string>>;
      };
      const { dependencies, peerDependencies } = manifest;
      const declared = Object.keys({ ...dependencies, ...peerDependencies });
      const wrong = edges.filter(({ target }) => {
        if (target.startsWith("node:") || !/^[@a-z]/.test(target)) return false;
        if (target.startsWith("packages/") || target.startsWith("apps/")) return false;
        return !declared.some((name) => target === name || target.startsWith(`${name}/`));
      });
      deepEqual(wrong, []);
    });

    it(`imports downwards: ${layer.folders.join(" → ")}`, () => {
      const wrong = edges.filter(
        ({ file, target }) =>
          target.startsWith(`${folder}/`) &&
          depth(file, folder, layer) > depth(target, folder, layer) &&
          depth(file, folder, layer) !== -1,
      );
      deepEqual(wrong, []);
    });

    const { browser } = layer;
    if (browser) {
      it("runs in a browser: imports no node: module", () => {
        const wrong = edges.filter(
          ({ file, target }) =>
            target.startsWith("node:") &&
            !browser.except.some((name) => file.startsWith(`${folder}/src/${name}/`)),
        );
        deepEqual(wrong, []);
      });
    }
  });
}

describe("the imports of all packages", () => {
  it("have no cycles", () => {
    const graph = new Map<string, string[]>();
    for (const folder of Object.keys(architecture)) {
      for (const { file, target } of edgesOf(folder)) {
        if (target.endsWith(".ts")) graph.set(file, [...(graph.get(file) ?? []), target]);
      }
    }
    deepEqual(findCycle(graph), undefined);
  });
});

function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return undefined;
}

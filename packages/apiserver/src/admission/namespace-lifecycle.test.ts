import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { StatusError } from "@cellplane/apimachinery";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import type { AdmissionRequest } from "./admission.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";

const { signal } = new AbortController();
const namespaces = { group: "", resource: "namespaces" } as const;

function request(change: Partial<AdmissionRequest>): AdmissionRequest {
  return {
    operation: "CREATE",
    gvk: { group: "", version: "v1", kind: "ConfigMap" },
    gvr: { group: "", version: "v1", resource: "configmaps" },
    subresource: "",
    namespace: "n",
    name: "a",
    object: { metadata: { name: "a" } },
    options: undefined,
    dryRun: false,
    user: { username: "u", groups: [] },
    warn: () => undefined,
    ...change,
  };
}

describe("namespaceLifecycle()", () => {
  it("lets content into a namespace that is there", async () => {
    const objects = new MemoryObjectAccess();
    await objects.create(namespaces, { metadata: { name: "n" } });
    const plugin = namespaceLifecycle(objects);
    deepEqual(await plugin.mutate?.(request({}), signal), { metadata: { name: "a" } });
  });

  it("answers 404 for a namespace that is missing", async () => {
    const plugin = namespaceLifecycle(new MemoryObjectAccess());
    const mutate = async (): Promise<unknown> => plugin.mutate?.(request({}), signal);
    await rejects(mutate, { reason: "NotFound", message: 'namespaces "n" not found' });
  });

  it("answers 403 with a cause for a namespace that is going", async () => {
    const objects = new MemoryObjectAccess();
    const plugin = namespaceLifecycle(objects);
    await objects.create(namespaces, {
      metadata: { name: "n", deletionTimestamp: "2026-11-24T00:00:00Z" },
    });
    const mutate = async (): Promise<unknown> => plugin.mutate?.(request({}), signal);
    await rejects(mutate, (error) => {
      if (!(error instanceof StatusError)) return false;
      equal(
        error.message,
        'configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated',
      );
      deepEqual(error.details?.causes, [
        {
          reason: "NamespaceTerminating",
          message: "namespace n is being terminated",
          field: "metadata.namespace",
        },
      ]);
      return true;
    });
  });

  it("sees a namespace that was made after it started", async () => {
    const objects = new MemoryObjectAccess();
    const plugin = namespaceLifecycle(objects);
    await rejects(async () => plugin.mutate?.(request({}), signal));
    await objects.create(namespaces, { metadata: { name: "n" } });
    deepEqual(await plugin.mutate?.(request({}), signal), { metadata: { name: "a" } });
  });

  it("protects the system's namespaces from deletion, and no others", () => {
    const plugin = namespaceLifecycle(new MemoryObjectAccess());
    const remove = (name: string): unknown =>
      plugin.validate?.(
        request({
          operation: "DELETE",
          gvr: { group: "", version: "v1", resource: "namespaces" },
          name,
        }),
        signal,
      );
    throws(() => remove("kube-system"), {
      message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    });
    equal(remove("mine"), undefined);
  });

  it("is not asked about updates and cluster-wide objects", () => {
    const plugin = namespaceLifecycle(new MemoryObjectAccess());
    equal(plugin.handles(request({ operation: "UPDATE" })), false);
    equal(plugin.handles(request({ namespace: "" })), false);
  });
});

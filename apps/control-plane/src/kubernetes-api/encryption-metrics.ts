import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { EncryptionEvents } from "@cellplane/apiserver";
import type { MetricRegistry } from "@cellplane/metrics";

/** Metrics of encryption at rest, under kube-apiserver's names. */
export function createEncryptionMetrics(
  metrics: MetricRegistry,
  nowMs: () => number,
): EncryptionEvents {
  const counts = metersOf(metrics);
  const server = { apiserver_id_hash: hashOf(hostname()) };
  return {
    onTransform: ({ resource, direction, family, failed }) =>
      counts.transforms.add({
        resource,
        transformation_type: direction,
        transformer_prefix: family,
        status: failed ? "unknown-non-grpc" : "OK",
      }),
    onLoaded: (hash) => {
      counts.config.remove({});
      counts.config.set({ ...server, hash }, 1);
    },
    onReload: (status) => {
      counts.reloads.add({ ...server, status });
      counts.reloadedAt.set({ ...server, status }, nowMs() / 1000);
    },
    onKeyId: (provider, keyId) =>
      counts.keyIds.set(
        { ...server, provider_name: provider, key_id_hash: hashOf(keyId) },
        nowMs() / 1000,
      ),
    onCacheMiss: (provider, cached) => {
      counts.misses.add({});
      counts.cached.set({ provider_name: provider }, cached);
    },
  };
}

/** Names of keys and servers are told apart by their hash, as kube-apiserver does it. */
function hashOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function metersOf(metrics: MetricRegistry) {
  return {
    transforms: metrics.counter({
      name: "apiserver_storage_transformation_operations_total",
      help: "Values that were encrypted or decrypted, by kind of provider and outcome.",
      labels: ["resource", "transformation_type", "transformer_prefix", "status"],
    }),
    misses: metrics.counter({
      name: "apiserver_storage_envelope_transformation_cache_misses_total",
      help: "Data keys that a key service was asked to decrypt.",
    }),
    cached: metrics.gauge({
      name: "apiserver_envelope_encryption_dek_source_cache_size",
      help: "Data keys that are known decrypted.",
      labels: ["provider_name"],
    }),
    keyIds: metrics.gauge({
      name: "apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds",
      help: "When a key service last said that it encrypts under this key.",
      labels: ["provider_name", "key_id_hash", "apiserver_id_hash"],
    }),
    config: metrics.gauge({
      name: "apiserver_encryption_config_controller_last_config_info",
      help: "The encryption configuration that is in effect, by its hash.",
      labels: ["apiserver_id_hash", "hash"],
    }),
    reloads: metrics.counter({
      name: "apiserver_encryption_config_controller_automatic_reloads_total",
      help: "Changed encryption configurations that were taken up, or could not be.",
      labels: ["status", "apiserver_id_hash"],
    }),
    reloadedAt: metrics.gauge({
      name: "apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds",
      help: "When a changed encryption configuration was last taken up, or could not be.",
      labels: ["status", "apiserver_id_hash"],
    }),
  };
}

/** `EncryptionConfiguration` of apiserver.config.k8s.io/v1: what is encrypted, and with what. */
export interface EncryptionConfiguration {
  readonly resources: readonly EncryptedResources[];
}

/** Resources, and their providers: the first encrypts, all decrypt. */
export interface EncryptedResources {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) or `*.*`. */
  readonly resources: readonly string[];
  readonly providers: readonly ProviderConfiguration[];
}

/** Exactly one of the members. */
export interface ProviderConfiguration {
  readonly aesgcm?: KeysConfiguration;
  readonly aescbc?: KeysConfiguration;
  readonly secretbox?: KeysConfiguration;
  readonly kms?: KmsConfiguration;
  /** Plaintext. */
  readonly identity?: Record<string, never>;
}

/** Keys: the first encrypts, all decrypt. */
export interface KeysConfiguration {
  readonly keys: readonly KeyConfiguration[];
}

/** One key. */
export interface KeyConfiguration {
  /** Stands before every value that it encrypts. */
  readonly name: string;
  /** Base64. */
  readonly secret: string;
}

/** A plug-in of Kubernetes' KMS protocol. */
export interface KmsConfiguration {
  /** `v2`. Absent means `v1`, as in Kubernetes. */
  readonly apiVersion: string;
  /** Stands before every value that it encrypts. */
  readonly name: string;
  /** `unix:///path`. */
  readonly endpoint: string;
  /** How long to wait for an answer. */
  readonly timeoutMs: number;
  /** Of version 1 only. */
  readonly cachesize?: number;
}

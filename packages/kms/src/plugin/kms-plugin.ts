import { randomUUID } from "node:crypto";
import { GrpcChannel, GrpcError, type StatusName, type UnaryMethod } from "@cellplane/grpc";
import type { EnvelopeKey, WrappedKey } from "../envelope-key.ts";
import { KmsError, type KmsFailure } from "../kms-error.ts";
import { decryptMethod, encryptMethod, statusMethod, type StatusResponse } from "./kms-protocol.ts";

// Kubernetes' limits for what a plug-in answers.
const maxKeyIdBytes = 1024;
const maxWrappedBytes = 1024;
const maxAnnotationsBytes = 32 * 1024;
const defaultTimeoutMs = 3000;
const defaultStatusAgeMs = 60_000;

/** How to use a plug-in. */
export interface KmsPluginOptions {
  /** `unix:///path`. */
  readonly endpoint: string;
  /** How long to wait for an answer. 3 s unless given. */
  readonly timeoutMs?: number;
  /** How long to go on without asking whether the key was rotated. 1 min unless given. */
  readonly statusAgeMs?: number;
  readonly nowMs: () => number;
}

/** A key that a KMS v2 plug-in holds; it never leaves the plug-in. */
export class KmsPlugin implements EnvelopeKey {
  readonly place: string;
  readonly #channel: GrpcChannel;
  readonly #timeoutMs: number;
  readonly #statusAgeMs: number;
  readonly #nowMs: () => number;
  #status: { readonly keyId: string; readonly atMs: number } | undefined;

  /** @throws {KmsError} If the endpoint is no Unix socket. */
  constructor(options: KmsPluginOptions) {
    const { endpoint, timeoutMs = defaultTimeoutMs, statusAgeMs = defaultStatusAgeMs } = options;
    if (!/^unix:\/\/\/./.test(endpoint)) {
      throw new KmsError(
        "Malformed",
        `Cannot use the KMS plug-in as its endpoint must be unix:///PATH: it is "${endpoint}"`,
      );
    }
    this.place = `KMS plug-in at ${endpoint}`;
    this.#channel = new GrpcChannel({ target: endpoint, connectTimeoutMs: timeoutMs });
    this.#timeoutMs = timeoutMs;
    this.#statusAgeMs = statusAgeMs;
    this.#nowMs = options.nowMs;
  }

  async currentKeyId(signal?: AbortSignal): Promise<string> {
    const known = this.#status;
    if (known && this.#nowMs() - known.atMs < this.#statusAgeMs) return known.keyId;
    const status = await this.#call(statusMethod, {}, signal);
    this.#checkStatus(status);
    this.#status = { keyId: status.keyId, atMs: this.#nowMs() };
    return status.keyId;
  }

  async wrap(dataKey: Uint8Array, signal?: AbortSignal): Promise<WrappedKey> {
    const request = { plaintext: dataKey, uid: randomUUID() };
    const { ciphertext, keyId, annotations } = await this.#call(encryptMethod, request, signal);
    this.#checkKeyId(keyId);
    if (ciphertext.length === 0 || ciphertext.length > maxWrappedBytes) {
      throw this.#wrong(`a ciphertext of ${ciphertext.length} bytes`);
    }
    let annotationBytes = 0;
    for (const [name, value] of annotations) annotationBytes += name.length + value.length;
    if (annotationBytes > maxAnnotationsBytes) {
      throw this.#wrong(`annotations of ${annotationBytes} bytes`);
    }
    // It rotated its key between two questions.
    if (this.#status?.keyId !== keyId) this.#status = undefined;
    return { keyId, wrapped: ciphertext, annotations };
  }

  async unwrap({ wrapped, ...rest }: WrappedKey, signal?: AbortSignal): Promise<Uint8Array> {
    const request = { ciphertext: wrapped, uid: randomUUID(), ...rest };
    const { plaintext } = await this.#call(decryptMethod, request, signal, rest.keyId);
    return plaintext;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#channel[Symbol.asyncDispose]();
  }

  async #call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    signal: AbortSignal | undefined,
    keyId?: string,
  ): Promise<Response> {
    const options = {
      timeoutMs: this.#timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    };
    try {
      return await this.#channel.unary(method, request, options);
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      const under = keyId === undefined ? "" : ` for the key id "${keyId}"`;
      throw new KmsError(
        failureOf(error.status),
        `the ${this.place} answered ${error.status}${under}: ${error.message}`,
        { cause: error },
      );
    }
  }

  #checkStatus({ version, healthz, keyId }: StatusResponse): void {
    if (version !== "v2" && version !== "v2beta1") throw this.#wrong(`the version "${version}"`);
    if (healthz !== "ok") {
      throw new KmsError("Unavailable", `the ${this.place} is not well: ${healthz}`);
    }
    this.#checkKeyId(keyId);
  }

  #checkKeyId(keyId: string): void {
    const length = Buffer.byteLength(keyId);
    if (length === 0 || length > maxKeyIdBytes) throw this.#wrong(`a key id of ${length} bytes`);
  }

  #wrong(what: string): KmsError {
    return new KmsError("Unavailable", `the ${this.place} answered with ${what}`);
  }
}

/** What cannot be known from a status is taken for a trouble that passes. */
function failureOf(status: StatusName): KmsFailure {
  if (status === "NOT_FOUND") return "KeyMissing";
  return status === "INVALID_ARGUMENT" || status === "DATA_LOSS" ? "Tampered" : "Unavailable";
}

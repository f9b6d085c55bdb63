import {
  bytes,
  field,
  map,
  type MessageType,
  messageType,
  text,
  type UnaryMethod,
} from "@cellplane/grpc";

// Kubernetes' KMS plug-in protocol, version 2: service `v2.KeyManagementService`.

/** Asks whether the plug-in is well. */
export type StatusRequest = object;

/** How the plug-in is, and which key encrypts. */
export interface StatusResponse {
  /** `v2`. */
  readonly version: string;
  /** `ok`, or what is wrong. */
  readonly healthz: string;
  readonly keyId: string;
}

/** Asks to encrypt a data-encryption key. */
export interface EncryptRequest {
  readonly plaintext: Uint8Array;
  /** Names the request in logs on both sides. */
  readonly uid: string;
}

/** The encrypted key. */
export interface EncryptResponse {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
}

/** Asks to decrypt what `Encrypt` gave. */
export interface DecryptRequest {
  readonly ciphertext: Uint8Array;
  readonly uid: string;
  readonly keyId: string;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
}

/** The decrypted key. */
export interface DecryptResponse {
  readonly plaintext: Uint8Array;
}

const statusRequest: MessageType<StatusRequest> = messageType<StatusRequest>({});
const statusResponse: MessageType<StatusResponse> = messageType<StatusResponse>({
  version: field(1, text),
  healthz: field(2, text),
  keyId: field(3, text),
});
const encryptRequest: MessageType<EncryptRequest> = messageType<EncryptRequest>({
  plaintext: field(1, bytes),
  uid: field(2, text),
});
const encryptResponse: MessageType<EncryptResponse> = messageType<EncryptResponse>({
  ciphertext: field(1, bytes),
  keyId: field(2, text),
  annotations: map(3, { key: text, value: bytes }),
});
const decryptRequest: MessageType<DecryptRequest> = messageType<DecryptRequest>({
  ciphertext: field(1, bytes),
  uid: field(2, text),
  keyId: field(3, text),
  annotations: map(4, { key: text, value: bytes }),
});
const decryptResponse: MessageType<DecryptResponse> = messageType<DecryptResponse>({
  plaintext: field(1, bytes),
});

function unary<Request, Response>(
  name: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
): UnaryMethod<Request, Response> {
  return { kind: "unary", path: `/v2.KeyManagementService/${name}`, request, response };
}

/** `Status`. */
export const statusMethod: UnaryMethod<StatusRequest, StatusResponse> = unary(
  "Status",
  statusRequest,
  statusResponse,
);
/** `Encrypt`. */
export const encryptMethod: UnaryMethod<EncryptRequest, EncryptResponse> = unary(
  "Encrypt",
  encryptRequest,
  encryptResponse,
);
/** `Decrypt`. */
export const decryptMethod: UnaryMethod<DecryptRequest, DecryptResponse> = unary(
  "Decrypt",
  decryptRequest,
  decryptResponse,
);

import {
  bytes,
  field,
  int32,
  map,
  type MessageType,
  messageType,
  text,
  WireError,
  WireWriter,
} from "@cellplane/grpc";
import { KmsError } from "../kms-error.ts";

const maxKeyIdBytes = 1024;
const maxSourceBytes = 1024;
const maxAnnotationsBytes = 32 * 1024;

/** How the data key comes from what the key service decrypts: it is the key, or HKDF's seed of one. */
export const dataKeySources: { readonly key: 0; readonly seed: 1 } = { key: 0, seed: 1 };

/**
 * What kube-apiserver stores behind `k8s:enc:kms:v2:NAME:`: the message `v2.EncryptedObject` of
 * k8s.io/apiserver, `pkg/storage/value/encrypt/envelope/kmsv2`.
 */
export interface EncryptedObject {
  readonly encryptedData: Uint8Array;
  /** Of the key-encryption key. */
  readonly keyId: string;
  /** The data key, or its seed, as the key service has encrypted it. */
  readonly encryptedSource: Uint8Array;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  /** One of `dataKeySources`. */
  readonly sourceType: number;
}

const encryptedObject: MessageType<EncryptedObject> = messageType<EncryptedObject>({
  encryptedData: field(1, bytes),
  keyId: field(2, text),
  encryptedSource: field(3, bytes),
  annotations: map(4, { key: text, value: bytes }),
  sourceType: field(5, int32),
});

/** Writes an object; the same bytes as Go's. @throws {KmsError} If the other side would refuse it. */
export function formatEncryptedObject(object: EncryptedObject): Buffer {
  checkEncryptedObject(object);
  const to = new WireWriter();
  encryptedObject.encode(object, to);
  return to.take();
}

/** @throws {KmsError} `Malformed`, for what no API server has written. */
export function parseEncryptedObject(from: Uint8Array): EncryptedObject {
  let object: EncryptedObject;
  try {
    object = encryptedObject.decode(from);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw malformed("it is no EncryptedObject", error);
  }
  checkEncryptedObject(object);
  return object;
}

function checkEncryptedObject(object: EncryptedObject): void {
  const { sourceType, encryptedData, encryptedSource, keyId, annotations } = object;
  if (sourceType !== dataKeySources.key && sourceType !== dataKeySources.seed) {
    throw malformed(`unknown encryptedDEKSourceType: ${sourceType}`);
  }
  if (encryptedData.length === 0) throw malformed("encrypted data is empty");
  checkSize("encrypted DEK source", { bytes: encryptedSource.length, max: maxSourceBytes });
  checkSize("keyID", { bytes: Buffer.byteLength(keyId), max: maxKeyIdBytes });
  let size = 0;
  for (const [name, value] of annotations) size += Buffer.byteLength(name) + value.length;
  if (size > maxAnnotationsBytes) {
    throw malformed(`annotations are ${size} bytes, more than ${maxAnnotationsBytes}`);
  }
}

function checkSize(what: string, size: { readonly bytes: number; readonly max: number }): void {
  if (size.bytes === 0) throw malformed(`${what} is empty`);
  if (size.bytes > size.max)
    throw malformed(`${what} is ${size.bytes} bytes, more than ${size.max}`);
}

function malformed(why: string, cause?: unknown): KmsError {
  return new KmsError("Malformed", why, cause === undefined ? {} : { cause });
}

import {
  bytes,
  field,
  map,
  type MessageType,
  messageType,
  text,
  uint32,
  WireError,
  WireWriter,
} from "@cellplane/grpc";
import { KmsError } from "../kms-error.ts";

/** An envelope: data under a data-encryption key, and that key under a key-encryption key. */
export interface Seal {
  readonly version: number;
  /** Of the key-encryption key. */
  readonly keyId: string;
  readonly wrappedKey: Uint8Array;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  readonly nonce: Uint8Array;
  /** With the tag of AES-GCM at its end. */
  readonly ciphertext: Uint8Array;
}

/** The version that is written. */
export const sealVersion = 1;
// Tells a seal from anything else at a glance, also in a dump of a database.
const prefix = Buffer.from("cellplane:seal:");

const sealType: MessageType<Seal> = messageType<Seal>({
  version: field(1, uint32),
  keyId: field(2, text),
  wrappedKey: field(3, bytes),
  annotations: map(4, { key: text, value: bytes }),
  nonce: field(5, bytes),
  ciphertext: field(6, bytes),
});

/** A seal as bytes: a fixed prefix, then a protobuf message. */
export function formatSeal(seal: Seal): Buffer {
  const writer = new WireWriter();
  writer.append(prefix);
  sealType.encode(seal, writer);
  return writer.take();
}

/** @throws {KmsError} `Malformed`, if it is no seal, or one of a version that is not known here. */
export function parseSeal(sealed: Uint8Array): Seal {
  if (!prefix.equals(sealed.subarray(0, prefix.length))) {
    throw new KmsError("Malformed", "it is no seal");
  }
  try {
    const seal = sealType.decode(sealed.subarray(prefix.length));
    if (seal.version === sealVersion) return seal;
    throw new KmsError("Malformed", `it is a seal of version ${seal.version}, not ${sealVersion}`);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new KmsError("Malformed", "it is a seal that was cut or altered", { cause: error });
  }
}

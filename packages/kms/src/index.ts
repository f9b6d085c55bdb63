export type { EnvelopeKey, WrappedKey } from "./envelope-key.ts";
export { KmsError, type KmsFailure } from "./kms-error.ts";
export {
  dataKeySources,
  type EncryptedObject,
  formatEncryptedObject,
  parseEncryptedObject,
} from "./encrypted-object/encrypted-object.ts";
export { Envelope } from "./envelope/envelope.ts";
export { KeyFile } from "./key-file/key-file.ts";
export { KmsPlugin, type KmsPluginOptions } from "./plugin/kms-plugin.ts";
export { createKmsPluginServer } from "./plugin/kms-plugin-server.ts";
export { type EnvelopeOptions, openEnvelope } from "./sealed-credential/open-envelope.ts";
export {
  type CredentialSubject,
  keyIdOfCredential,
  openCredential,
  sealCredential,
  sealedCredential,
  type SecretData,
} from "./sealed-credential/sealed-credential.ts";

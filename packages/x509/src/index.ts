export { type CertificateUsage } from "./certificate-extensions.ts";
export {
  type CertificateAndKey,
  type CertificateRequest,
  issueCertificate,
  type Issuer,
  signCertificate,
} from "./issue-certificate.ts";
export {
  createSigningRequest,
  readSigningRequest,
  type SigningRequest,
  SigningRequestError,
  type SubjectName,
} from "./signing-request.ts";

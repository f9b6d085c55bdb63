import type { PeerCertificate } from "node:tls";
import type { UserInfo } from "../request/user.ts";

/** The credentials that came with a request. */
export interface Credentials {
  /** The client certificate, only where the listener verified it against the client CA. */
  readonly certificate?: PeerCertificate;
  /** The bearer token. */
  readonly token?: string;
}

/**
 * Tells who asks. `undefined`: these credentials are not mine (another authenticator may know
 * them). Throws a `StatusError` 401 where a credential is bad.
 */
export type Authenticator = (
  credentials: Credentials,
) => Promise<UserInfo | undefined> | UserInfo | undefined;

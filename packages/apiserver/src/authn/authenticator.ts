import type { PeerCertificate } from "node:tls";
import type { UserInfo } from "../request/user.ts";

/** The credentials that came with a request. */
export interface Credentials {
  /** The client certificate, only where the listener verified it against the client CA. */
  readonly certificate?: PeerCertificate;
  /** Why the client certificate that was presented is not trusted; then `certificate` is absent. */
  readonly certificateError?: string;
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

/** What a token is worth: who bears it, and for which of the wanted audiences. */
export type TokenVerdict =
  | { readonly kind: "known"; readonly user: UserInfo; readonly audiences: readonly string[] }
  /** Not made by this authenticator's issuer. */
  | { readonly kind: "unknown" }
  | { readonly kind: "refused"; readonly why: string };

/** Judges a bearer token for any of `audiences`. */
export type TokenAuthenticator = (
  token: string,
  audiences: readonly string[],
) => Promise<TokenVerdict> | TokenVerdict;

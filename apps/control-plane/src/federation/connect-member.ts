import type { RestClient } from "@cellplane/client";
import { connectRestClient } from "@cellplane/client/node";
import type { MemberCredentials } from "@cellplane/controllers";

/** A client of a member over HTTPS, by token or by client certificate. */
export function connectMember(credentials: MemberCredentials): RestClient {
  const { endpoint, caBundle, token, clientCertificate, clientKey, skipTlsVerify } = credentials;
  const { disabledTlsChecks, proxyUrl } = credentials;
  return connectRestClient(
    {
      server: endpoint,
      insecureSkipTlsVerify: skipTlsVerify,
      ...(token === "" ? {} : { token: () => token }),
      ...(caBundle === undefined ? {} : { caBundle }),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
      ...(clientKey === undefined ? {} : { clientKey }),
      ...(disabledTlsChecks === undefined ? {} : { disabledTlsChecks }),
      ...(proxyUrl === undefined ? {} : { proxyUrl }),
    },
    { userAgent: "cellplane" },
  );
}

/**
 * Says with why an agent is not connected what to look at, where the words of TLS and HTTP alone
 * do not.
 */
export function explainLost(why: string): string {
  const [, hint] = hints.find(([pattern]) => pattern.test(why)) ?? [];
  return hint === undefined ? why : `${why}; ${hint}`;
}

const hints: readonly (readonly [RegExp, string])[] = [
  [
    /self-signed certificate|unable to (get|verify)/,
    "its certificate is not by the authority in ca.crt: is it the tunnel of the control plane that the cluster was joined to?",
  ],
  [
    /not in the cert's|does not match certificate/,
    "give --tunnel-advertise there the name that agents dial",
  ],
  [/certificate (is not yet valid|has expired)/, "is the clock of this machine right?"],
  [/The server answered HTTP/, "is it the address of --tunnel-listen, and not of the API server?"],
];

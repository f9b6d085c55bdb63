/**
 * Why a cluster could not be reached, in one line, with the way out where TLS is what failed: OpenSSL
 * tells by number and source line.
 */
export function explainUnreachable(message: string): string {
  const why = message.replace(/\s+/g, " ").trim();
  const alert = /tlsv?1?3? ?alert ([a-z ]+)/.exec(why)?.[1];
  const text = why.replace(/\b[0-9A-F]+:error:.*$/, alert ? `TLS alert "${alert.trim()}"` : "$&");
  return `${text}${remedyOf(why)}`;
}

function remedyOf(why: string): string {
  if (/alert (certificate required|bad certificate|unknown ca|handshake failure)/.test(why)) {
    return "; the cluster asks for a client certificate that it trusts, give ssl-cert and ssl-key";
  }
  if (/altnames/.test(why)) return "; name the host as its certificate does";
  if (/expired|not yet valid/.test(why)) return "; renew the cluster's certificate";
  if (/self.signed|unable to (verify|get)/i.test(why)) {
    return "; ssl-ca must name the authority that signed the cluster's certificate";
  }
  if (/http:.*the server closed it/.test(why)) return "; if it serves only TLS, give ssl-ca";
  if (/https:.*(wrong version number|packet length too long)/.test(why)) {
    return "; if it serves no TLS, leave out ssl-*";
  }
  return "";
}

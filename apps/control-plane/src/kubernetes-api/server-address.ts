import { hostname, networkInterfaces } from "node:os";

/** The names and addresses that a server on this host is reached by, for its certificate. */
export function certificateHosts(listenHost: string): readonly string[] {
  if (!isEveryAddress(listenHost)) return [listenHost];
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // A scoped address such as fe80::1%eth0 cannot stand in a certificate.
    .map(({ address }) => address.split("%")[0] ?? "");
  return Array.from(new Set([hostname(), ...addresses]));
}

/** The URL of a host and port; an IPv6 address stands in brackets there. */
export function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Where this machine itself reaches a server that announces `url`. */
export function localUrl(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

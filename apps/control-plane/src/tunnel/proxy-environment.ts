import { BlockList, isIP } from "node:net";
import type { HostAndPort } from "@cellplane/tunnel";

/**
 * The proxy that HTTPS_PROXY and NO_PROXY name for a server, as Go's programs read them: `*`, names
 * with their subdomains, addresses and CIDRs, each with a port or without. Never for loopback.
 */
export function proxyOf(
  { host, port }: HostAndPort,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const proxy = env["HTTPS_PROXY"] || env["https_proxy"] || "";
  if (proxy === "" || isLoopback(host)) return undefined;
  const excepted = (env["NO_PROXY"] || env["no_proxy"] || "").split(",");
  for (const entry of excepted) {
    if (matches(entry.trim().toLowerCase(), host.toLowerCase(), port)) return undefined;
  }
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" || (isIP(host) !== 0 && isWithin("127.0.0.0/8", host)) || host === "::1"
  );
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  if (entry.includes("/")) return isIP(host) !== 0 && isWithin(entry, host);
  const [, bracketed, plain, wantedPort] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort !== undefined && Number(wantedPort) !== port) return false;
  const name = (bracketed ?? plain ?? entry).replace(/^\*/, "");
  if (isIP(name) !== 0) return name === host;
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function isWithin(cidr: string, host: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const family = isIP(network);
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  const kind = family === 6 ? "ipv6" : "ipv4";
  if (Number(bits) > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), kind);
  return list.check(host, kind);
}

import { isJsonObject, type KubernetesObject, parseJson } from "@cellplane/apimachinery";
import { annotations } from "@cellplane/federation";
import { parseAddress, type ServerList } from "@cellplane/tunnel";

/** The ConfigMap of the system namespace that tells `join` and agents where agents dial in. */
export const tunnelConfigName = "cellplane-tunnel";

/** A server that was not seen for so long is gone for good; milliseconds. */
export const goneAfterMs: number = 10 * 60_000;

/** A server that was not seen for so long does not count, though its address is kept; milliseconds. */
export const awayAfterMs: number = 150_000;

const authorityKey = "ca.crt";

/** What a server says of itself. */
export interface ServerRecord {
  /** The same after a restart, and another one than that of every other server. */
  readonly id: string;
  /** `host:port` that agents dial; that of a load balancer is of several servers. */
  readonly address: string;
}

type Records = Readonly<Record<string, { readonly address: string; readonly seen: string }>>;

/** The ConfigMap with a server that has come up at an address, and without those that are gone. */
export function addServer(
  config: KubernetesObject,
  server: ServerRecord & { readonly ca: string },
  nowMs: number,
): KubernetesObject {
  const { id, address, ca } = server;
  const { [id]: before, ...others } = recordsOf(config);
  const moved = before && before.address !== address ? { [id]: { ...before, seen: "" } } : {};
  const kept = withoutGone({ config, records: { ...others, ...moved } }, nowMs);
  const records = { ...kept.records, [id]: { address, seen: new Date(nowMs).toISOString() } };
  const data = { ...kept.data, [keyOf(address)]: address, [authorityKey]: ca };
  return render(config, { records, data });
}

/**
 * The ConfigMap with a server that is still there, and without those that are gone. One whose
 * address somebody took out is left out: they want agents to leave it.
 */
export function seeServer(
  config: KubernetesObject,
  { id, address }: ServerRecord,
  nowMs: number,
): KubernetesObject {
  const records = { ...recordsOf(config), [id]: { address, seen: new Date(nowMs).toISOString() } };
  return render(config, withoutGone({ config, records }, nowMs));
}

/** The servers that agents should be connected to. */
export function listServers(config: KubernetesObject | undefined, nowMs: number): ServerList {
  if (!config) return { servers: [], count: 1 };
  const addresses = new Set(Object.values(addressesOf(config)));
  const records = Object.values(recordsOf(config)).filter(({ address }) => addresses.has(address));
  const recorded = new Set(records.map(({ address }) => address));
  const present = records.filter(({ seen }) => isWithin(seen, awayAfterMs, nowMs));
  // What somebody wrote there by hand is a server, too.
  const unrecorded = addresses.difference(recorded).size;
  return { servers: [...addresses].sort(), count: Math.max(1, present.length + unrecorded) };
}

function withoutGone(
  { config, records }: { readonly config: KubernetesObject; readonly records: Records },
  nowMs: number,
): { readonly records: Records; readonly data: Readonly<Record<string, string>> } {
  const entries = Object.entries(records);
  const kept = entries.filter(([, { seen }]) => isWithin(seen, goneAfterMs, nowMs));
  const used = new Set(kept.map(([, { address }]) => address));
  const gone = new Set(entries.map(([, { address }]) => address)).difference(used);
  const data = Object.entries(dataOf(config)).filter(([, address]) => !gone.has(address));
  return { records: Object.fromEntries(kept), data: Object.fromEntries(data) };
}

function render(
  config: KubernetesObject,
  { records, data }: { readonly records: Records; readonly data: Readonly<Record<string, string>> },
): KubernetesObject {
  const { metadata } = config;
  return {
    ...config,
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        [annotations.tunnelServers]: JSON.stringify(records),
      },
    },
    data,
  };
}

function isWithin(seen: string, ms: number, nowMs: number): boolean {
  return nowMs - Date.parse(seen) < ms;
}

function addressesOf(config: KubernetesObject): Readonly<Record<string, string>> {
  const { [authorityKey]: _, ...addresses } = dataOf(config);
  return addresses;
}

function dataOf(config: KubernetesObject): Readonly<Record<string, string>> {
  return isJsonObject(config["data"]) ? (config["data"] as Record<string, string>) : {};
}

function recordsOf({ metadata }: KubernetesObject): Records {
  const text = metadata.annotations?.[annotations.tunnelServers];
  try {
    const parsed = parseJson(text ?? "{}");
    return isJsonObject(parsed) ? (parsed as Records) : {};
  } catch {
    return {};
  }
}

/** Keys of ConfigMaps hold no colons. */
function keyOf(address: string): string {
  const { host, port } = parseAddress(address) ?? { host: "", port: 0 };
  return `${host.replaceAll(":", "-")}_${port}`;
}

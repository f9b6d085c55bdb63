import type { MvccStore, StoreDescription } from "@cellplane/kv";

/** What any store tells of itself. */
export async function describeStore(store: MvccStore): Promise<StoreDescription> {
  const all = { key: Buffer.from([0]), end: Buffer.from([0]), countOnly: true };
  const { count, revision } = await store.range(all);
  const status = await store.status();
  const leases = await store.leases?.list();
  return {
    ...status,
    revision,
    keys: count,
    ...(leases ? { leases: leases.length } : {}),
  };
}

import { describeLeases } from "../store/mvcc-lease.suite.ts";
import { describeMvccStore } from "../store/mvcc-store.suite.ts";
import { openMemoryStore } from "./open-memory-store.ts";

describeMvccStore("openMemoryStore()", () => openMemoryStore());
// The same with next to nothing in the ring, so that history comes from the log.
describeMvccStore("openMemoryStore() with a ring of two", () =>
  openMemoryStore({ ring: { maxChanges: 2, maxBytes: 1000 } }),
);
describeLeases("openMemoryStore()", (leaseClock) => openMemoryStore({ leaseClock }));

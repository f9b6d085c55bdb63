import {
  type MvccStore,
  openMemoryStore,
  openMysqlStore,
  openSqliteStore,
  UnavailableError,
} from "@cellplane/kv";
import { WireStore } from "./wire-store.ts";

/** Where a store is: `memory`, `sqlite:PATH`, `mysql://…`, or etcd's API at `http://…`. */
export type Subject = string;

/** Opens a store. @throws {UnavailableError} */
export async function openSubject(subject: Subject): Promise<MvccStore> {
  if (subject === "memory") return openMemoryStore({ ring: smallRing });
  if (subject.startsWith("sqlite:")) {
    return openSqliteStore({ path: subject.slice("sqlite:".length), ring: smallRing });
  }
  if (subject.startsWith("mysql:")) return openMysqlStore(subject, { ring: smallRing });
  if (subject.startsWith("http:")) return new WireStore(subject);
  throw new UnavailableError(`Cannot open "${subject}" as it is no store`);
}

/** So that much of what is read comes from the log. */
const smallRing = { maxChanges: 300, maxBytes: 2 ** 20 };

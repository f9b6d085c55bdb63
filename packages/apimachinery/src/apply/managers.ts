import type { ManagedFieldsEntry } from "../meta/kubernetes-object.ts";
import { type FieldSet, isEmptyFieldSet } from "./field-set.ts";
import { parseFieldsV1, sortFieldSet } from "./field-set-codec.ts";

/** Who writes: `Apply` is server-side apply, `Update` any other write. */
export interface ManagerIdentity {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** Empty for the resource itself. */
  readonly subresource: string;
}

/** What one manager owns of an object. */
export interface Manager extends ManagerIdentity {
  readonly fields: FieldSet;
  /** RFC 3339; absent in an entry that never changed the object. */
  readonly time: string | undefined;
  /** The entry it was read from, as long as nothing of it changed. */
  readonly entry: ManagedFieldsEntry | undefined;
}

/** Managers by `identifyManager`. */
export type Managers = ReadonlyMap<string, Manager>;

/** No managers. */
export const noManagers: Managers = new Map();

/**
 * The text that tells managers apart, and sorts them. An applier is the same one whatever version
 * it applies with.
 */
export function identifyManager(of: ManagerIdentity): string {
  return JSON.stringify({
    ...(of.manager === "" ? {} : { manager: of.manager }),
    operation: of.operation,
    ...(of.operation === "Apply" ? {} : { apiVersion: of.apiVersion }),
    ...(of.subresource === "" ? {} : { subresource: of.subresource }),
  });
}

/**
 * Reads `metadata.managedFields`.
 *
 * @throws {SyntaxError} If an entry is not valid.
 */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  if (entries === undefined || entries === null || entries.length === 0) return noManagers;
  const managers = new Map<string, Manager>();
  for (const [index, entry] of entries.entries()) {
    const manager = decodeManager(entry, index);
    managers.set(identifyManager(manager), manager);
  }
  return managers;
}

/** Writes `metadata.managedFields`; entries that did not change stay the same objects. */
export function encodeManagers(managers: Managers): readonly ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return Array.from(managers.values()).sort(compareManagers).map(encodeManager);
}

/** The manager with other fields; the same one if they are the same. */
export function withFields(manager: Manager, fields: FieldSet): Manager {
  return fields === manager.fields ? manager : { ...manager, fields, entry: undefined };
}

/** Managers without those that own nothing. */
export function withoutEmpty(managers: Managers): Managers {
  return new Map(Array.from(managers).filter(([, { fields }]) => !isEmptyFieldSet(fields)));
}

/** Seconds since 1970 of a manager's time; 0 without one. */
export function timeOf({ time }: Manager): number {
  if (time === undefined) return 0;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

function decodeManager(entry: ManagedFieldsEntry, index: number): Manager {
  const { manager = "", operation, apiVersion = "", fieldsType = "", subresource = "" } = entry;
  if (operation !== "Apply" && operation !== "Update") {
    throw new SyntaxError("operation must be `Apply` or `Update`");
  }
  if (apiVersion === "") throw new SyntaxError("apiVersion must not be empty");
  if (fieldsType === "") {
    throw new SyntaxError(`missing fieldsType in managed fields entry ${index}`);
  }
  if (fieldsType !== "FieldsV1") {
    const given = JSON.stringify(fieldsType);
    throw new SyntaxError(`invalid fieldsType ${given} in managed fields entry ${index}`);
  }
  const fields = parseFieldsV1(entry.fieldsV1);
  const time = entry.time ?? undefined;
  return { manager, operation, apiVersion, subresource, fields, time, entry };
}

function encodeManager(of: Manager): ManagedFieldsEntry {
  if (of.entry !== undefined) return of.entry;
  return {
    ...(of.manager === "" ? {} : { manager: of.manager }),
    operation: of.operation,
    apiVersion: of.apiVersion,
    ...(of.time === undefined ? {} : { time: of.time }),
    fieldsType: "FieldsV1",
    fieldsV1: sortFieldSet(of.fields),
    ...(of.subresource === "" ? {} : { subresource: of.subresource }),
  };
}

function compareManagers(left: Manager, right: Manager): number {
  return (
    compareText(left.operation, right.operation) ||
    timeOf(left) - timeOf(right) ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

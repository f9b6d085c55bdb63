import type { FieldError, JsonObject } from "@cellplane/apimachinery";
import type { DeletionRules, StrategyContext, SyncConverter } from "../../registry/resource.ts";
import type { NameRule } from "../validation/names.ts";

/** What differs for one built-in resource, over plain JSON; what is absent is as for most kinds. */
export interface KindRules {
  /** Whether `metadata.generation` is kept. Most do not. */
  readonly tracksGeneration?: boolean;
  /** Most accept a PUT without resourceVersion. */
  readonly allowsUnconditionalUpdate?: boolean;
  /** Most answer 404 to the PUT of a missing object. */
  readonly allowsCreateOnUpdate?: boolean;
  /** DNS subdomain where absent. */
  readonly validateName?: NameRule;
  readonly defaults?: (object: JsonObject) => JsonObject;
  /** Beyond the reset of status. */
  readonly prepareForCreate?: (object: JsonObject, context: StrategyContext) => JsonObject;
  readonly prepareForUpdate?: (
    object: JsonObject,
    old: JsonObject,
    context: StrategyContext,
  ) => JsonObject;
  readonly validate?: (object: JsonObject, context: StrategyContext) => readonly FieldError[];
  /** In addition to `validate`. */
  readonly validateUpdate?: (
    object: JsonObject,
    old: JsonObject,
    context: StrategyContext,
  ) => readonly FieldError[];
  /** In place of `validate`, for writes to `status`. */
  readonly validateStatus?: (object: JsonObject) => readonly FieldError[];
  readonly warnings?: (object: JsonObject, old: JsonObject | undefined) => readonly string[];
  /** The status of a new object; absent: the zero value of its type. */
  readonly initialStatus?: (object: JsonObject, context: StrategyContext) => JsonObject;
  /** Metadata that a write to `status` may not change, beyond what no write may. */
  readonly statusKeepsLabels?: boolean;
  readonly selectableFields?: readonly string[];
  readonly fieldValue?: (object: JsonObject, field: string) => string | undefined;
  readonly defaultPropagation?: "background" | "orphan";
  readonly deletion?: DeletionRules;
  /** Between the versions of the group; absent: only `apiVersion` differs. */
  readonly convert?: SyncConverter;
}

/** Rules by `<group>/<resource>`; the core group is empty, as in `/pods`. */
export type RulesByResource = Readonly<Record<string, KindRules>>;

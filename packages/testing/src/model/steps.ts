import type { Kind, Override, Selection, Spec } from "./model-state.ts";

/** A change of `spec`; `null` takes a field away. */
export interface Change {
  readonly value?: string;
  readonly overrides?: readonly Override[];
  readonly placement?: Selection;
  readonly mask?: Selection | null;
  readonly policy?: "Freeze" | "Pin";
  readonly revision?: number | null;
}

/** One thing that happens, as data: what was done can be printed, shortened and done again. */
export type Step =
  | { readonly do: "create"; readonly kind: Kind; readonly at: string; readonly spec: Spec }
  /** One edit after another, none waited for; `crash` kills the control plane right after. */
  | {
      readonly do: "edit";
      readonly key: string;
      readonly changes: readonly Change[];
      readonly crash?: true;
      /** A cluster that is cut off for a moment right after. */
      readonly flap?: string;
    }
  | { readonly do: "delete"; readonly key: string; readonly orphan?: true }
  | { readonly do: "abandon"; readonly key: string }
  | { readonly do: "makeCell"; readonly cell: string; readonly on: string; readonly tier: string }
  | { readonly do: "dropCell"; readonly cell: string; readonly abandon?: true }
  | { readonly do: "moveCell"; readonly cell: string; readonly on: string }
  | { readonly do: "labelCell"; readonly cell: string; readonly tier: string }
  | { readonly do: "labelCluster"; readonly cluster: string; readonly tier: string }
  | { readonly do: "lose"; readonly cluster: string }
  | { readonly do: "return"; readonly cluster: string }
  | {
      readonly do: "drift";
      readonly cluster: string;
      readonly place: string;
      readonly value: string;
      readonly how: "value" | "label";
    }
  | { readonly do: "remove"; readonly cluster: string; readonly place: string }
  | {
      readonly do: "plant";
      readonly cluster: string;
      readonly place: string;
      readonly value: string;
      readonly refuses?: "label" | "other";
    }
  | { readonly do: "crash" }
  | { readonly do: "restart" }
  | { readonly do: "backUp" }
  | { readonly do: "restore" };

/** `spec` after a change. */
export function changed(spec: Spec, change: Change): Spec {
  const { mask: _, revision: __, ...rest } = spec;
  const { mask = spec.mask, revision = spec.revision, ...others } = change;
  return {
    ...rest,
    ...others,
    ...(mask === null || mask === undefined ? {} : { mask }),
    ...(revision === null || revision === undefined ? {} : { revision }),
  };
}

/** A step in one line. */
export function formatStep(step: Step): string {
  return JSON.stringify(step);
}

import { type FieldSet, isEmptyFieldSet, noFields } from "./field-set.ts";
import type { PathElement } from "./path-element.ts";

interface MutableNode {
  [element: PathElement]: MutableNode;
}

/** Collects paths one by one; much cheaper than a union for each. */
export class FieldSetBuilder {
  readonly #root: MutableNode = {};

  /** Adds a path. The root (no elements) is never a member. */
  add(path: readonly PathElement[]): void {
    let node = this.#root;
    for (let depth = 0; depth < path.length; depth += 1) {
      const element = path[depth] ?? "";
      const child = node[element];
      const isLast = depth === path.length - 1;
      if (child === undefined) node = node[element] = {};
      else {
        // A leaf that gets children, or a parent that becomes a member: it needs the mark.
        if (isLast ? !isEmptyFieldSet(child) : isEmptyFieldSet(child)) child["."] = {};
        node = child;
      }
    }
  }

  /** What was collected. The builder is not used afterwards. */
  build(): FieldSet {
    return isEmptyFieldSet(this.#root) ? noFields : this.#root;
  }
}

import type { JsonObject } from "@cellplane/apimachinery";
import { isJsonObject } from "@cellplane/apimachinery";

/** Whether an annotation key is part of what is propagated (spec), or the member's own (status). */
export type AnnotationPolicy = (key: string) => boolean;

// Ours in the member; a template can never set them.
const bookkeepingPrefix = "federation.cellplane.io/";

/** The policy of `FederatedTypeConfig.spec.propagatingAnnotations`. No globs propagate nothing. */
export function createAnnotationPolicy(globs: readonly string[] | undefined): AnnotationPolicy {
  if (globs === undefined || globs.length === 0) return () => false;
  return (key) => !isBookkeeping(key) && globs.some((glob) => matchesGlob(glob, key));
}

/** Whether an annotation is one that the control plane keeps on member objects. */
export function isBookkeeping(key: string): boolean {
  return key.startsWith(bookkeepingPrefix);
}

/** Glob match: `*` is any run of characters, `?` is one. Linear but for the last star. */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let inGlob = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const expected = glob[inGlob];
    if (expected === "*") {
      star = inGlob;
      resume = at;
      inGlob += 1;
    } else if (expected === "?" || expected === text[at]) {
      at += 1;
      inGlob += 1;
    } else if (star === -1) {
      return false;
    } else {
      resume += 1;
      at = resume;
      inGlob = star + 1;
    }
  }
  return /^\**$/.test(glob.slice(inGlob));
}

/** Keys of template annotations that are not propagated, as the user should be told. */
export function ignoredAnnotations(
  template: JsonObject | undefined,
  policy: AnnotationPolicy,
): readonly string[] {
  const metadata = template?.["metadata"];
  const set = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  return isJsonObject(set) ? Object.keys(set).filter((key) => !policy(key)) : [];
}

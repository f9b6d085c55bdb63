import { KmsError } from "@cellplane/kms";

/** Whether something failed as a key service is away, so that the same may succeed later. */
export function isKeyServiceAway(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof KmsError) return each.isRetryable;
  }
  return false;
}

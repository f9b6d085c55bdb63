/**
 * What happens to bytes between the server and its store: encryption. A promise is for what a key
 * service must be asked for; with plain buffers reads stay synchronous.
 */
export interface ValueTransformer {
  readonly toStore: (value: Buffer, key: string) => Buffer | Promise<Buffer>;
  readonly fromStore: (value: Buffer, key: string) => Buffer | Promise<Buffer>;
}

/** Stores values as they are. */
export const plainValues: ValueTransformer = {
  toStore: (value) => value,
  fromStore: (value) => value,
};

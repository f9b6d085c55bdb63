/** Bytes of one download; a multiple of what the target writes at once. */
export const downBytes: number = 8 * 1024 * 1024;

/** Bytes for a reader that does not take them. */
export const floodBytes: number = 256 * 1024 * 1024;

/** Bytes of one upload. */
export const upBytes: number = 8 * 1024 * 1024;

/** Bytes of one download; a multiple of what the target writes at once. */
export const downBytes: number = 64 * 1024 * 1024;

/** Bytes of one upload. */
export const upBytes: number = 8 * 1024 * 1024;

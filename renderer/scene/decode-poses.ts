/** Returns the numbers of a pose stream's payload, 7 per body. Copies them only when the bytes are not aligned. */
export function decodeStreamNumbers(payload: Uint8Array): Float32Array {
  const count = Math.floor(payload.byteLength / 4);
  if (payload.byteOffset % 4 === 0) return new Float32Array(payload.buffer, payload.byteOffset, count);
  return new Float32Array(payload.slice(0, 4 * count).buffer);
}

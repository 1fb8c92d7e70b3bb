/** The payload of a pose stream as numbers, 7 per body. Copied only where its bytes are not aligned. */
export function decodeStreamNumbers(payload: Uint8Array): Float32Array {
  const count = Math.floor(payload.byteLength / 4);
  if (payload.byteOffset % 4 === 0) return new Float32Array(payload.buffer, payload.byteOffset, count);
  return new Float32Array(payload.slice(0, 4 * count).buffer);
}

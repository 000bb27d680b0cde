/** The order in which points are drawn. */

/**
 * Shuffled, so that no class covers the others, and the wrong ones last, so that none of them lies
 * below a right one. The same for each visit.
 *
 * @param {Uint8Array} correct 1 for each row that is predicted correctly
 * @returns {Uint32Array} rows
 */
export function drawingOrder(correct) {
  const rows = Uint32Array.from(correct, (_, row) => row);
  let state = 2463534242;
  for (let i = rows.length - 1; i > 0; i--) {
    // Marsaglia's xorshift.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (i + 1);
    [rows[i], rows[other]] = [rows[other], rows[i]];
  }
  const result = new Uint32Array(rows.length);
  let next = 0;
  for (const value of [1, 0]) {
    for (let i = 0; i < rows.length; i++) if (correct[rows[i]] === value) result[next++] = rows[i];
  }
  return result;
}

// Which part of a long list is near the window.

/**
 * @param {{count: number, columns: number, rowHeight: number, top: number, height: number, overscan?: number}} view
 *   top: pixels of the list above the window (negative while the list begins below its upper edge); height: of the window
 * @returns {{from: number, to: number}} items, `to` not included
 */
export function visibleRange({ count, columns, rowHeight, top, height, overscan = 3 }) {
  if (count <= 0 || rowHeight <= 0) return { from: 0, to: 0 };
  const rows = Math.ceil(count / columns);
  const first = Math.max(0, Math.min(rows - 1, Math.floor(top / rowHeight) - overscan));
  const last = Math.max(first, Math.min(rows, Math.ceil((top + height) / rowHeight) + overscan));
  return { from: first * columns, to: Math.min(count, last * columns) };
}

/** How many columns of at least `least` pixels fit, with gaps. */
export function columnsThatFit(width, least, gap) {
  return Math.max(1, Math.floor((width + gap) / (least + gap)));
}

/**
 * Which cell shows which item: items that stay keep theirs, the others take over the cells that items left behind.
 * @param {Map<unknown, number>} before item's key -> number of its cell
 * @param {unknown[]} keys items that are shown now
 * @param {number | undefined} kept number of a cell that nobody may take over
 * @returns {Map<unknown, number>}
 */
export function assignSlots(before, keys, kept) {
  const wanted = new Set(keys);
  const free = [];
  let next = 0;
  for (const [key, slot] of before) {
    next = Math.max(next, slot + 1);
    if (!wanted.has(key) && slot !== kept) free.push(slot);
  }
  free.reverse();
  return new Map(keys.map((key) => [key, before.get(key) ?? free.pop() ?? next++]));
}

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

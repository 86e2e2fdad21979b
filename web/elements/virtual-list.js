// <virtual-list>: only what is near the window exists; scrolls with whatever scrolls around it.
import { css, html, render, repeat } from "../lib/html.js";
import { assignSlots, columnsThatFit, visibleRange } from "../lib/virtual.js";

const AT_REST = 150; // milliseconds without scrolling

export class VirtualList extends HTMLElement {
  count = 0;
  least = 0; // narrowest column in pixels, 0 for one column
  gap = 0;
  renderItem = () => "";
  keyOf = (index) => index;
  onRange = () => {};
  slots = new Map();

  connectedCallback() {
    this.onScroll = () => {
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.rest(), AT_REST);
      this.schedule(false);
    };
    this.onResize = () => this.schedule(true);
    document.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
    window.addEventListener("resize", this.onResize, { passive: true });
    this.observer = new ResizeObserver(this.onResize);
    this.observer.observe(this);
  }

  disconnectedCallback() {
    document.removeEventListener("scroll", this.onScroll, { capture: true });
    window.removeEventListener("resize", this.onResize);
    clearTimeout(this.resting);
    this.resting = 0;
    this.observer.disconnect();
  }

  /** All properties at once, so that one change is one rendering. */
  set view(properties) {
    Object.assign(this, properties);
    this.update();
  }

  /** @param {boolean} whole whether sizes may have changed, or only the place of the window */
  schedule(whole) {
    this.whole ||= whole;
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      if (!this.isConnected) return;
      if (this.whole) this.update();
      else this.follow();
    });
  }

  // The height of a row is a matter of style: --row-height of the element, in pixels.
  measure() {
    const rowHeight = (parseFloat(getComputedStyle(this).getPropertyValue("--row-height")) || 80) + this.gap;
    const whole = this.clientWidth;
    const columns = this.least ? columnsThatFit(whole, this.least, this.gap) : 1;
    this.sizes = { rowHeight, columns, width: (whole - this.gap * (columns - 1)) / columns };
  }

  get range() {
    const { rowHeight, columns } = this.sizes;
    return visibleRange({ count: this.count, columns, rowHeight, top: -this.getBoundingClientRect().top, height: window.innerHeight });
  }

  /** The window has moved: nothing to do while the same rows are near it. */
  follow() {
    const range = this.range;
    if (range.from === this.shown?.from && range.to === this.shown?.to) return;
    this.draw(range);
  }

  /** Put the cells into the order in which keyboard and screen reader go through them. */
  rest() {
    this.resting = 0;
    if (!this.isConnected || !this.sizes) return;
    const focused = this.contains(document.activeElement) ? document.activeElement : null;
    this.draw(this.range);
    // An element that changes its place in the document loses the focus.
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  /** Scroll until an item is in the upper third of the window. */
  bring(index) {
    this.measure();
    const row = Math.floor(index / this.sizes.columns) * this.sizes.rowHeight;
    const top = this.getBoundingClientRect().top + row;
    if (top < 80 || top > window.innerHeight * 0.7) scrollBy({ top: top - window.innerHeight / 3, behavior: "instant" });
    this.draw(this.range);
  }

  update() {
    this.whole = false;
    if (!this.isConnected) {
      queueMicrotask(() => this.isConnected && this.update());
      return;
    }
    this.measure();
    const { rowHeight, columns } = this.sizes;
    this.style.height = `${Math.max(0, Math.ceil(this.count / columns) * rowHeight - this.gap)}px`;
    this.draw(this.range);
  }

  /** Cells that are left behind become those that come: their elements are changed, not made anew. */
  draw(range) {
    const { rowHeight, columns, width } = this.sizes;
    const keys = Array.from({ length: range.to - range.from }, (_, i) => this.keyOf(range.from + i));
    // What has the focus must not turn into something else under the hands of whoever is about to press a key.
    const focused = this.contains(document.activeElement) ? document.activeElement.closest(".cell")?.slotNumber : undefined;
    this.slots = assignSlots(this.slots, keys, focused);
    const cells = keys.map((key, i) => ({ slot: this.slots.get(key), index: range.from + i }));
    // Moving an element is as dear as making it: while the list scrolls, nothing is moved.
    if (this.resting) cells.sort((a, b) => a.slot - b.slot);
    render(
      repeat(
        cells,
        ({ slot }) => slot,
        ({ slot, index }) => {
          const place = {
            transform: `translate(${Math.round((index % columns) * (width + this.gap))}px, ${Math.floor(index / columns) * rowHeight}px)`,
            width: `${Math.floor(width)}px`,
            height: `${rowHeight - this.gap}px`,
          };
          return html`<div
            class="cell"
            role="listitem"
            aria-setsize=${this.count}
            aria-posinset=${index + 1}
            .slotNumber=${slot}
            ${css(place)}
          >${this.renderItem(index)}</div>`;
        },
      ),
      this,
    );
    if (range.from !== this.shown?.from || range.to !== this.shown?.to) {
      this.shown = range;
      this.onRange(range.from, range.to);
    }
  }
}

customElements.define("virtual-list", VirtualList);

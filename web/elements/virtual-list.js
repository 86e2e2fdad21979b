// <virtual-list>: only what is near the window exists; scrolls with whatever scrolls around it.
import { css, html, render, repeat } from "../lib/html.js";
import { columnsThatFit, visibleRange } from "../lib/virtual.js";

export class VirtualList extends HTMLElement {
  count = 0;
  least = 0; // narrowest column in pixels, 0 for one column
  gap = 0;
  renderItem = () => "";
  keyOf = (index) => index;
  onRange = () => {};

  connectedCallback() {
    this.onScroll = () => this.schedule();
    document.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
    window.addEventListener("resize", this.onScroll, { passive: true });
    this.observer = new ResizeObserver(this.onScroll);
    this.observer.observe(this);
  }

  disconnectedCallback() {
    document.removeEventListener("scroll", this.onScroll, { capture: true });
    window.removeEventListener("resize", this.onScroll);
    this.observer.disconnect();
  }

  /** All properties at once, so that one change is one rendering. */
  set view(properties) {
    Object.assign(this, properties);
    this.update();
  }

  schedule() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      if (this.isConnected) this.update();
    });
  }

  // The height of a row is a matter of style: --row-height of the element, in pixels.
  get rowHeight() {
    return parseFloat(getComputedStyle(this).getPropertyValue("--row-height")) || 80;
  }

  update() {
    if (!this.isConnected) {
      queueMicrotask(() => this.isConnected && this.update());
      return;
    }
    const rowHeight = this.rowHeight + this.gap;
    const columns = this.least ? columnsThatFit(this.clientWidth, this.least, this.gap) : 1;
    const box = this.getBoundingClientRect();
    const range = visibleRange({ count: this.count, columns, rowHeight, top: -box.top, height: window.innerHeight });
    const width = (this.clientWidth - this.gap * (columns - 1)) / columns;
    this.style.height = `${Math.max(0, Math.ceil(this.count / columns) * rowHeight - this.gap)}px`;
    const indices = Array.from({ length: range.to - range.from }, (_, i) => range.from + i);
    render(
      repeat(indices, this.keyOf, (index) => {
        const row = Math.floor(index / columns);
        const column = index % columns;
        const place = {
          transform: `translate(${Math.round(column * (width + this.gap))}px, ${row * rowHeight}px)`,
          width: `${Math.floor(width)}px`,
          height: `${rowHeight - this.gap}px`,
        };
        return html`<div
          class="cell"
          role="listitem"
          aria-setsize=${this.count}
          aria-posinset=${index + 1}
          ${css(place)}
        >${this.renderItem(index)}</div>`;
      }),
      this,
    );
    if (range.from !== this.shown?.from || range.to !== this.shown?.to) {
      this.shown = range;
      this.onRange(range.from, range.to);
    }
  }
}

customElements.define("virtual-list", VirtualList);

// What the drawing elements share: a canvas that is as sharp as the screen and follows its element's size.

export class CanvasElement extends HTMLElement {
  connectedCallback() {
    if (!this.canvas) {
      this.canvas = document.createElement("canvas");
      this.canvas.setAttribute("aria-hidden", "true");
      this.prepend(this.canvas);
      this.setUp?.();
    }
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this);
  }

  disconnectedCallback() {
    this.observer?.disconnect();
    this.tearDown?.();
  }

  /** Draw soon, once, however often it is asked. */
  invalidate() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      if (this.isConnected) this.draw();
    });
  }

  /** @returns {{context: CanvasRenderingContext2D, width: number, height: number} | null} in CSS pixels */
  begin() {
    const width = this.clientWidth;
    const height = this.clientHeight;
    if (!this.canvas || !width || !height) return null;
    const scale = Math.min(3, window.devicePixelRatio || 1);
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    return { context, width, height };
  }

  colour(name) {
    return getComputedStyle(this).getPropertyValue(name).trim() || "#888";
  }
}

/** Bars around the middle line, each with the colour that `colourAt(share)` gives it. */
export function drawBars({ context, width, height, peaks, colourAt, bar = 2, gap = 1.5 }) {
  const count = Math.max(1, Math.floor((width + gap) / (bar + gap)));
  const top = Math.max(0.05, peaks.reduce((most, value) => Math.max(most, value), 0));
  let colour = "";
  for (let i = 0; i < count; i += 1) {
    const from = Math.floor((i / count) * peaks.length);
    const to = Math.max(from + 1, Math.floor(((i + 1) / count) * peaks.length));
    let value = 0;
    for (let at = from; at < to && at < peaks.length; at += 1) value = Math.max(value, peaks[at]);
    const size = Math.max(2, Math.pow(value / top, 0.8) * (height - 2));
    const next = colourAt((i + 0.5) / count);
    if (next !== colour) {
      colour = next;
      context.fillStyle = colour;
    }
    context.beginPath();
    context.roundRect(i * (bar + gap), (height - size) / 2, bar, size, bar / 2);
    context.fill();
  }
}

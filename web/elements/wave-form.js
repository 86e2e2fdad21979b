// <wave-form>: the outline of a sound; a slider when it can be sought in.
import { clock } from "../lib/format.js";
import { CanvasElement, drawBars } from "./canvas.js";

const KEYS = { ArrowLeft: -0.05, ArrowRight: 0.05, PageDown: -0.2, PageUp: 0.2 };

export class WaveForm extends CanvasElement {
  #peaks = null;
  #progress = 0;
  #seconds = 0;
  #seekable = false;

  setUp() {
    this.addEventListener("pointerdown", (event) => {
      if (!this.#seekable || event.button) return;
      this.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.seekTo(event);
    });
    this.addEventListener("pointermove", (event) => this.dragging && this.seekTo(event));
    for (const name of ["pointerup", "pointercancel"]) this.addEventListener(name, () => (this.dragging = false));
    this.addEventListener("keydown", (event) => {
      const step = KEYS[event.key];
      const target = event.key === "Home" ? 0 : event.key === "End" ? 0.999 : step && this.#progress + step;
      if (!this.#seekable || target === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.announceSeek(Math.max(0, Math.min(0.999, target)));
    });
  }

  seekTo(event) {
    const box = this.getBoundingClientRect();
    this.announceSeek(Math.max(0, Math.min(0.999, (event.clientX - box.left) / box.width)));
  }

  announceSeek(share) {
    this.dispatchEvent(new CustomEvent("seek", { detail: share }));
  }

  set peaks(value) {
    if (value === this.#peaks) return;
    this.#peaks = value;
    this.invalidate();
  }

  set progress(value) {
    if (value === this.#progress) return;
    this.#progress = value;
    this.describe();
    this.invalidate();
  }

  set seconds(value) {
    this.#seconds = value || 0;
    this.describe();
  }

  set seekable(value) {
    if (value === this.#seekable) return;
    this.#seekable = value;
    for (const [name, text] of Object.entries({ role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "100" })) {
      if (value) this.setAttribute(name, text);
      else this.removeAttribute(name);
    }
    this.describe();
  }

  describe() {
    if (!this.#seekable) return;
    this.setAttribute("aria-valuenow", String(Math.round(this.#progress * 100)));
    this.setAttribute("aria-valuetext", `${clock(this.#progress * this.#seconds)} / ${clock(this.#seconds)}`);
  }

  draw() {
    const area = this.begin();
    if (!area) return;
    const played = this.colour("--wave-played");
    const rest = this.colour("--wave-rest");
    if (!this.#peaks) {
      area.context.fillStyle = rest;
      area.context.globalAlpha = 0.6;
      area.context.fillRect(0, area.height / 2 - 0.5, area.width, 1);
      area.context.globalAlpha = 1;
      return;
    }
    const progress = this.#progress;
    drawBars({ ...area, peaks: this.#peaks, colourAt: (share) => (share <= progress ? played : rest) });
  }
}

customElements.define("wave-form", WaveForm);

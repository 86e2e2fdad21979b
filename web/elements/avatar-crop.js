// <avatar-crop>: a picture behind a round window; drag or arrow keys move it, the wheel or + and - scale it.
import { CanvasElement } from "./canvas.js";

export const OUTPUT = 512;

export class AvatarCrop extends CanvasElement {
  #image = null;
  #zoom = 1;
  #x = 0.5;
  #y = 0.5;

  setUp() {
    this.setAttribute("tabindex", "0");
    this.setAttribute("role", "application");
    this.addEventListener("pointerdown", (event) => {
      this.setPointerCapture(event.pointerId);
      this.last = [event.clientX, event.clientY];
    });
    this.addEventListener("pointermove", (event) => {
      if (!this.last) return;
      this.pan(event.clientX - this.last[0], event.clientY - this.last[1]);
      this.last = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"]) this.addEventListener(name, () => (this.last = null));
    this.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.changeZoom(this.#zoom * Math.exp(-event.deltaY / 500));
      },
      { passive: false },
    );
    this.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    const pan = { ArrowLeft: [8, 0], ArrowRight: [-8, 0], ArrowUp: [0, 8], ArrowDown: [0, -8] }[event.key];
    const zoom = { "+": 1.1, "=": 1.1, "-": 1 / 1.1 }[event.key];
    if (!pan && !zoom) return;
    event.preventDefault();
    if (pan) this.pan(...pan);
    else this.changeZoom(this.#zoom * zoom);
  }

  set image(value) {
    if (value === this.#image) return;
    this.#image = value;
    this.#zoom = 1;
    this.#x = 0.5;
    this.#y = 0.5;
    this.invalidate();
  }

  set zoom(value) {
    if (value !== this.#zoom) this.changeZoom(value, false);
  }

  changeZoom(value, tell = true) {
    this.#zoom = Math.max(1, Math.min(4, value));
    this.settle();
    if (tell) this.dispatchEvent(new CustomEvent("zoomed", { detail: this.#zoom }));
  }

  // The part of the picture that is seen, in its own pixels.
  get window() {
    const { width, height } = this.#image;
    const size = Math.min(width, height) / this.#zoom;
    return { size, left: this.#x * width - size / 2, top: this.#y * height - size / 2 };
  }

  pan(dx, dy) {
    if (!this.#image) return;
    const scale = this.window.size / this.clientWidth;
    this.#x -= (dx * scale) / this.#image.width;
    this.#y -= (dy * scale) / this.#image.height;
    this.settle();
  }

  settle() {
    if (!this.#image) return;
    const { width, height } = this.#image;
    const half = this.window.size / 2;
    this.#x = Math.max(half / width, Math.min(1 - half / width, this.#x));
    this.#y = Math.max(half / height, Math.min(1 - half / height, this.#y));
    this.invalidate();
    this.dispatchEvent(new CustomEvent("moved"));
  }

  draw() {
    const area = this.begin();
    if (!area || !this.#image) return;
    this.paint(area.context, area.width);
  }

  paint(context, side) {
    const { size, left, top } = this.window;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#image, left, top, size, size, 0, 0, side, side);
  }

  /** @returns {Promise<Blob>} the chosen part, a PNG of at most 512 pixels a side */
  async cut() {
    const side = Math.round(Math.min(OUTPUT, this.window.size));
    const canvas = new OffscreenCanvas(side, side);
    this.paint(canvas.getContext("2d"), side);
    return canvas.convertToBlob({ type: "image/png" });
  }
}

customElements.define("avatar-crop", AvatarCrop);

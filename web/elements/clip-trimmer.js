// <clip-trimmer>: a recording and the part of it that will be the reference; two handles, by pointer or keyboard.
import { LONGEST, SHORTEST, peaks } from "../lib/audio.js";
import { t } from "../lib/i18n.js";
import { CanvasElement, drawBars } from "./canvas.js";

const GRAB = 14;

export class ClipTrimmer extends CanvasElement {
  #samples = null;
  #rate = 48000;
  #outline = null;
  #from = 0;
  #to = 0;
  #playhead = null;

  setUp() {
    this.handles = ["from", "to"].map((which) => {
      const handle = document.createElement("button");
      handle.type = "button";
      handle.className = "trim-handle";
      handle.setAttribute("role", "slider");
      handle.addEventListener("keydown", (event) => this.onKey(event, which));
      this.append(handle);
      return handle;
    });
    this.addEventListener("pointerdown", (event) => this.onDown(event));
    this.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) this.addEventListener(name, () => (this.grip = null));
  }

  /** @param {{samples: Float32Array, rate: number, from: number, to: number}} clip */
  set clip({ samples, rate, from, to }) {
    if (samples !== this.#samples) {
      this.#samples = samples;
      this.#rate = rate;
      this.#outline = peaks(samples, 1200);
    }
    this.#from = from;
    this.#to = to;
    this.place();
    this.invalidate();
  }

  /** Seconds from the beginning of the recording, or null. */
  set playhead(value) {
    this.#playhead = value;
    this.invalidate();
  }

  get duration() {
    return this.#samples ? this.#samples.length / this.#rate : 0;
  }

  timeAt(event) {
    const box = this.getBoundingClientRect();
    return Math.max(0, Math.min(this.duration, ((event.clientX - box.left) / box.width) * this.duration));
  }

  onDown(event) {
    if (event.button || !this.#samples) return;
    const time = this.timeAt(event);
    const reach = (GRAB / this.clientWidth) * this.duration;
    const nearFrom = Math.abs(time - this.#from);
    const nearTo = Math.abs(time - this.#to);
    if (Math.min(nearFrom, nearTo) < reach) this.grip = nearFrom <= nearTo ? "from" : "to";
    else if (time > this.#from && time < this.#to) this.grip = "both";
    else {
      const length = this.#to - this.#from;
      const from = Math.max(0, Math.min(this.duration - length, time - length / 2));
      this.change(from, from + length);
      this.grip = "both";
    }
    this.last = time;
    this.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.handles?.[this.grip === "to" ? 1 : 0].focus({ preventScroll: true });
  }

  onMove(event) {
    if (!this.grip) return;
    const time = this.timeAt(event);
    const step = time - this.last;
    this.last = time;
    if (this.grip === "both") this.shift(step);
    else this.move(this.grip, step);
  }

  onKey(event, which) {
    const step = { ArrowLeft: -0.1, ArrowRight: 0.1, ArrowDown: -0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (event.shiftKey) this.shift(step);
    else this.move(which, step);
  }

  shift(step) {
    const length = this.#to - this.#from;
    const from = Math.max(0, Math.min(this.duration - length, this.#from + step));
    this.change(from, from + length);
  }

  move(which, step) {
    const from = which === "from" ? Math.max(0, Math.min(this.#to - 0.1, this.#from + step)) : this.#from;
    const to = which === "to" ? Math.min(this.duration, Math.max(this.#from + 0.1, this.#to + step)) : this.#to;
    this.change(from, to);
  }

  change(from, to) {
    this.#from = from;
    this.#to = to;
    this.place();
    this.invalidate();
    this.dispatchEvent(new CustomEvent("trim", { detail: { from, to } }));
  }

  place() {
    if (!this.handles || !this.duration) return;
    [this.#from, this.#to].forEach((time, i) => {
      const handle = this.handles[i];
      handle.style.left = `${(time / this.duration) * 100}%`;
      handle.setAttribute("aria-label", t(i ? "clip.end" : "clip.start"));
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", this.duration.toFixed(1));
      handle.setAttribute("aria-valuenow", time.toFixed(1));
      handle.setAttribute("aria-valuetext", `${time.toFixed(1)} s`);
    });
  }

  draw() {
    const area = this.begin();
    if (!area || !this.#outline) return;
    this.place();
    const { context, width, height } = area;
    const length = this.#to - this.#from;
    const fits = length >= SHORTEST - 0.005 && length <= LONGEST + 0.005;
    const from = this.#from / this.duration;
    const to = this.#to / this.duration;
    context.fillStyle = this.colour(fits ? "--trim-fill" : "--trim-bad");
    context.beginPath();
    context.roundRect(from * width, 0, (to - from) * width, height, 6);
    context.fill();
    const inside = this.colour(fits ? "--wave-played" : "--bad");
    const outside = this.colour("--wave-rest");
    const padded = { ...area, height: height - 24, peaks: this.#outline };
    context.save();
    context.translate(0, 12);
    drawBars({ ...padded, colourAt: (share) => (share >= from && share <= to ? inside : outside) });
    context.restore();
    if (this.#playhead !== null) {
      context.fillStyle = this.colour("--text");
      context.fillRect((this.#playhead / this.duration) * width - 0.75, 4, 1.5, height - 8);
    }
  }
}

customElements.define("clip-trimmer", ClipTrimmer);

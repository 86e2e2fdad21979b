// <line-chart>: how numbers go over the steps of a training; a slider that reads the numbers at one step.
import { CanvasElement } from "./canvas.js";

const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };
const PADDING = { left: 44, right: 10, top: 10, bottom: 22 };
const TICKS = 4;

/**
 * Points of a curve that are worth drawing: at most two for each pixel, the lowest and the highest of it.
 * @param {[number, number][]} points step and value, in order
 */
export function thinned(points, pixels) {
  if (points.length <= 2 * pixels || pixels < 1) return points;
  const [first] = points[0];
  const span = Math.max(1, points.at(-1)[0] - first);
  const kept = [];
  let column = -1;
  let low = null;
  let high = null;
  const flush = () => {
    if (!low) return;
    kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]));
  };
  for (const point of points) {
    const at = Math.floor(((point[0] - first) / span) * (pixels - 1));
    if (at !== column) {
      flush();
      column = at;
      low = high = point;
    } else {
      if (point[1] < low[1]) low = point;
      if (point[1] > high[1]) high = point;
    }
  }
  flush();
  return kept;
}

/** Round numbers between two values, from below to above. */
export function ticks(low, high, wanted = TICKS) {
  if (!(high > low)) return [low];
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw) ?? raw;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}

/** 0.00012 -> "1.2e-4", 12.345 -> "12.3". */
export function short(value) {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

export class LineChart extends CanvasElement {
  #series = [];
  #at = null;
  #words = (step, read) => `${step}: ${read}`;

  setUp() {
    this.tabIndex = 0;
    this.setAttribute("role", "slider");
    this.addEventListener("pointermove", (event) => this.look(event.clientX));
    this.addEventListener("pointerdown", (event) => this.look(event.clientX));
    this.addEventListener("pointerleave", () => this.lookAt(null));
    this.addEventListener("blur", () => this.lookAt(null));
    this.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @param {{name: string, colour: string, points: [number, number][]}[]} value the same object means the same curves */
  set series(value) {
    if (value === this.#series) return;
    this.#series = value;
    this.describe();
    this.invalidate();
  }

  /** @param {(step: number, read: string) => string} value how a reading is said */
  set words(value) {
    this.#words = value;
  }

  get steps() {
    const longest = this.#series.reduce((most, one) => (one.points.length > most.length ? one.points : most), []);
    return longest.map(([step]) => step);
  }

  onKey(event) {
    const { steps } = this;
    if (!steps.length) return;
    const now = this.#at === null ? steps.length - 1 : steps.indexOf(this.#at);
    const move = KEYS[event.key];
    const next = event.key === "Home" ? 0 : event.key === "End" ? steps.length - 1 : move && now + move;
    if (next === undefined) return;
    event.preventDefault();
    this.lookAt(steps[Math.max(0, Math.min(steps.length - 1, next))]);
  }

  look(x) {
    const { steps } = this;
    if (!steps.length || !this.plot) return;
    const share = (x - this.getBoundingClientRect().left - this.plot.x) / this.plot.width;
    const wanted = this.plot.first + share * (this.plot.last - this.plot.first);
    this.lookAt(steps.reduce((best, step) => (Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best), steps[0]));
  }

  lookAt(step) {
    if (step === this.#at) return;
    this.#at = step;
    this.describe();
    this.invalidate();
  }

  /** The numbers at the step that is looked at, else the last ones. */
  reading() {
    const step = this.#at ?? this.steps.at(-1);
    const values = this.#series.map(({ name, points }) => ({ name, value: points.findLast?.(([at]) => at <= step)?.[1] }));
    return { step, values: values.filter(({ value }) => value !== undefined) };
  }

  describe() {
    const { step, values } = this.reading();
    const { steps } = this;
    this.setAttribute("aria-valuemin", String(steps[0] ?? 0));
    this.setAttribute("aria-valuemax", String(steps.at(-1) ?? 0));
    this.setAttribute("aria-valuenow", String(step ?? 0));
    this.setAttribute("aria-valuetext", step === undefined ? "" : this.#words(step, values.map(({ name, value }) => `${name} ${short(value)}`).join(", ")));
    this.dispatchEvent(new CustomEvent("reading", { detail: this.#at === null ? null : { step, values } }));
  }

  draw() {
    const area = this.begin();
    if (!area) return;
    const points = this.#series.flatMap((one) => one.points);
    if (points.length < 2) return;
    this.plot = this.place(area, points);
    this.drawGrid(area.context, this.plot);
    for (const one of this.#series) this.drawCurve(area.context, this.plot, one);
    if (this.#at !== null) this.drawCursor(area.context, this.plot);
  }

  place({ width, height }, points) {
    const [low, highest] = extremes(points.map(([, value]) => value));
    const high = highest === low ? low + (Math.abs(low) || 1) * 0.1 : highest;
    const { steps } = this;
    const plot = { x: PADDING.left, y: PADDING.top, width: width - PADDING.left - PADDING.right, height: height - PADDING.top - PADDING.bottom };
    return { ...plot, low, high, first: steps[0], last: Math.max(steps.at(-1), steps[0] + 1) };
  }

  drawGrid(context, plot) {
    context.font = `11px ${getComputedStyle(this).fontFamily}`;
    context.fillStyle = this.colour("--faint");
    context.strokeStyle = this.colour("--line");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const value of ticks(plot.low, plot.high)) {
      const y = Math.round(yOf(plot, value)) + 0.5;
      context.beginPath();
      context.moveTo(plot.x, y);
      context.lineTo(plot.x + plot.width, y);
      context.stroke();
      context.fillText(short(value), plot.x - 6, y);
    }
    context.textBaseline = "alphabetic";
    context.textAlign = "center";
    for (const step of ticks(plot.first, plot.last).filter(Number.isInteger)) context.fillText(String(step), xOf(plot, step), plot.y + plot.height + 16);
  }

  drawCurve(context, plot, { colour, points }) {
    context.strokeStyle = this.colour(colour);
    context.lineWidth = 1.6;
    context.lineJoin = "round";
    context.beginPath();
    thinned(points, Math.floor(plot.width)).forEach(([step, value], i) => context[i ? "lineTo" : "moveTo"](xOf(plot, step), yOf(plot, value)));
    context.stroke();
  }

  drawCursor(context, plot) {
    const x = Math.round(xOf(plot, this.#at)) + 0.5;
    context.strokeStyle = this.colour("--line-strong");
    context.beginPath();
    context.moveTo(x, plot.y);
    context.lineTo(x, plot.y + plot.height);
    context.stroke();
    for (const { colour, points } of this.#series) {
      const point = points.findLast?.(([at]) => at <= this.#at);
      if (!point) continue;
      context.fillStyle = this.colour(colour);
      context.beginPath();
      context.arc(x, yOf(plot, point[1]), 3.2, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

const xOf = (plot, step) => plot.x + ((step - plot.first) / (plot.last - plot.first)) * plot.width;
const yOf = (plot, value) => plot.y + plot.height - ((value - plot.low) / (plot.high - plot.low)) * plot.height;

function extremes(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

customElements.define("line-chart", LineChart);

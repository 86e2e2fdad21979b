// What a training measures: losses, rates, and samples of sound.
import { html, nothing, repeat } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import "../elements/line-chart.js";
import { icons } from "./icons.js";

const COLOURS = ["--accent", "--info", "--good", "--accent-hot", "--warn", "--muted"];
const RATES = ["learning_rate", "gradient_norm"];
const known = new Map(); // curves -> series: the same object, so that nothing is drawn twice

function seriesOf(curves, names) {
  const key = names.join();
  const found = known.get(curves) ?? known.set(curves, new Map()).get(curves);
  if (known.size > 8) known.delete(known.keys().next().value);
  if (!found.has(key)) found.set(key, names.map((name, i) => ({ name, colour: COLOURS[i % COLOURS.length], points: curves.get(name) })));
  return found.get(key);
}

function chart(title, curves, names) {
  const series = seriesOf(curves, names);
  if (!series.length || series.every(({ points }) => points.length < 2)) return nothing;
  return html`<figure class="chart">
    <figcaption>
      <strong>${title}</strong>
      ${series.length > 1 ? series.map(({ name, colour }) => html`<span class="legend" data-colour=${colour}>${name}</span>`) : nothing}
    </figcaption>
    <line-chart aria-label=${title} .series=${series} .words=${(step, values) => t("training.curves.read", { step, values })} @reading=${showReading}></line-chart>
    <output class="reading" aria-hidden="true"></output>
  </figure>`;
}

// What is under the pointer changes with every movement: written where it stands, without drawing the page anew.
function showReading(event) {
  const output = event.currentTarget.parentElement.querySelector("output");
  output.textContent = event.detail ? event.currentTarget.getAttribute("aria-valuetext") : "";
}

function curvesOfKind(app, kind) {
  const curves = app.training.state.series.get(kind);
  if (!curves) return nothing;
  const losses = [...curves.keys()].filter((name) => !RATES.includes(name));
  return html`<section class="curves"><h3>${t(`training.step.${kind}`)}</h3>
    <div class="charts">
      ${chart(t("training.curve.losses"), curves, losses)}
      ${RATES.filter((name) => curves.has(name)).map((name) => chart(t(`training.curve.${name}`), curves, [name]))}
    </div>
  </section>`;
}

export function curvesPanel(app) {
  const { series } = app.training.state;
  if (!series.size) return html`<p class="hint">${t("training.curves.none")}</p>`;
  return html`${["sovits_train", "gpt_train"].map((kind) => curvesOfKind(app, kind))}`;
}

const SHOWN = 12;

function sampleButton(app, one, label) {
  if (!one) return nothing;
  const id = `sample:${one.url}`;
  const playing = app.player.isPlaying(id);
  return html`<button type="button" class="button small" @click=${() => app.player.toggle({ id, address: one.url, title: label })}>${playing ? icons.pause : icons.play}${label}</button>`;
}

/** What the model makes of a recording at some steps, beside the recording; the newest first. */
export function samplesPanel(app) {
  const { samples } = app.listening.state;
  const steps = [...new Set(samples.map((one) => one.step))].sort((a, b) => b - a);
  if (!steps.length) return nothing;
  const of = (step, kind) => samples.find((one) => one.step === step && one.kind === kind);
  return html`<section class="panel training-part" aria-labelledby="training-samples"><h2 id="training-samples">${t("training.samples")}</h2>
    <ul class="samples">
      ${repeat(steps.slice(0, SHOWN), (step) => step, (step) => html`<li>
        <strong>${t("training.sample.at", { step })}</strong>
        ${sampleButton(app, of(step, "real"), t("training.sample.real"))}${sampleButton(app, of(step, "generated"), t("training.sample.generated"))}
        ${of(step, "mel") ? html`<img class="mel" loading="lazy" src=${app.media.source(of(step, "mel").url)} alt=${t("training.sample.mel", { step })} />` : nothing}
      </li>`)}
    </ul>
  </section>`;
}

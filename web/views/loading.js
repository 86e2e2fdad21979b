// Weights on their way: how far the engine is, in full on the weights view and as a hint elsewhere.
import { css, html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { loadingOf } from "../data/library.js";

// What the engine says of its steps, and the words for it; what follows the verb is a name.
const STEPS = [
  [/^reading the Chinese dictionaries$/, "step.dictionaries", "zh"],
  [/^reading the English dictionaries$/, "step.dictionaries", "en"],
  [/^reading (.+)$/, "step.reading"],
  [/^packing (.+)$/, "step.packing"],
  [/^loading (.+)$/, "step.loading"],
  [/^warming up (.+)$/, "step.warming"],
  [/^(?:warming up|decoder, .+|\d+ phonemes|(?:content|latent|vocoder), .+|reference)$/, "step.warming.all"],
  [/^ready$/, "step.ready"],
];

/** The step in the words of the page where it has some, else in the engine's own. */
export function stepWords(step) {
  for (const [pattern, key, language] of STEPS) {
    const found = pattern.exec(step);
    if (found && language) return t(key, { name: t(`speaks.${language}`) });
    if (found) return t(key, { name: (found[1] ?? "").replace(" and ", " + ") });
  }
  return step;
}

function title({ starting, restarting }) {
  return t(restarting ? "loading.restarting" : starting ? "loading.starting" : "loading.title");
}

/** A bar; it sweeps while nothing is known of how far the work is. */
export function loadingBar(now) {
  if (now.progress === null) return html`<div class="bar indeterminate" role="progressbar" aria-label=${title(now)}><span></span></div>`;
  return html`<div
    class="bar"
    role="progressbar"
    aria-label=${title(now)}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${now.progress}
  ><span ${css({ "--progress": String(now.progress / 100) })}></span></div>`;
}

const figure = (now) => (now.progress === null ? nothing : html`<span class="percent">${now.progress} %</span>`);

/** The whole of it, for the weights view. */
export function loadingPanel(app) {
  const now = loadingOf(app.library.state, app.store.state.health);
  if (!now) return nothing;
  const names = [now.gpt, now.sovits].filter(Boolean).map((path) => path.split(/[\\/]/).pop());
  return html`<section class="panel loading-panel" aria-label=${title(now)}>
    <header><h2>${title(now)}</h2>${figure(now)}</header>
    ${loadingBar(now)}
    <p class="hint"><span>${names.join(" + ")}</span>${now.step ? html`<span>${stepWords(now.step)}</span>` : nothing}</p>
    <p>${t(now.starting || now.restarting ? "loading.starting.text" : "loading.text")}</p>
  </section>`;
}

/** A line above every other view: while the engine starts on any screen, while weights are switched on small ones. */
export function loadingBanner(app) {
  const now = loadingOf(app.library.state, app.store.state.health);
  if (!now || app.store.state.route.view === "weights") return nothing;
  const early = now.starting || now.restarting;
  return html`<div class="banner info ${early ? "" : "narrow-only"}" role="status">
    <span><strong>${title(now)}</strong>${early ? t("loading.starting.text") : nothing}</span>
    <span class="banner-progress">${loadingBar(now)}${figure(now)}</span>
  </div>`;
}

/** The same in the corner of the navigation, where nothing above says it already. */
export function loadingNote(app) {
  const now = loadingOf(app.library.state, app.store.state.health);
  if (!now || now.starting || now.restarting || app.store.state.route.view === "weights") return nothing;
  return html`<a class="loading-note" href="#/weights"><span>${title(now)}</span>${figure(now)}${loadingBar(now)}</a>`;
}

// Write, and watch what becomes of it.
import { html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { composer } from "./composer.js";
import { bytes } from "../lib/format.js";
import { remaining } from "../data/install.js";
import { icons } from "./icons.js";
import { downloadPanel, missingBase } from "./install.js";
import { starterNote } from "./starter.js";
import { taskList } from "./task-list.js";

function welcome(app) {
  const { health, ready } = app.store.state;
  const { library } = app;
  const noWeights = health && ready && !ready.ok && health.engine === "no_weights";
  const noVoices = library.state.voices && !library.state.voices.length;
  if (!noWeights && !noVoices) return nothing;
  const { allowed, busy, download } = app.install.state;
  const missing = missingBase(app);
  return html`<section class="welcome" aria-labelledby="welcome-title">
    <div>
      <h2 id="welcome-title">${noWeights ? t("first.weights.title") : t("first.voice.title")}</h2>
      <p>${noWeights ? (missing.length ? t("first.weights.text", { size: bytes(remaining(missing)) }) : t("first.weights.choose")) : t("first.voice.text")}</p>
    </div>
    <ol class="steps">
      <li class=${noWeights ? "now" : "done"}>
        <span class="mark">${noWeights ? "1" : icons.check}</span>
        <div>
          <strong>${t("first.step.weights")}</strong>
          ${noWeights && missing.length && allowed && download?.state !== "running" ? html`<button type="button" class="button primary" ?disabled=${busy} @click=${() => app.install.begin(missing.map((one) => one.id))}>${icons.download}${t("install.all", { size: bytes(remaining(missing)) })}</button>` : nothing}
          ${noWeights ? html`<a href="#/weights">${t("first.step.weights.more")}</a>` : nothing}
        </div>
      </li>
      <li class=${noVoices ? (noWeights ? "" : "now") : "done"}>
        <span class="mark">${noVoices ? "2" : icons.check}</span>
        <div>
          <strong>${t("first.step.voice")}</strong>
          ${noVoices ? html`<p>${t("first.step.voice.text")}</p><button type="button" class="button ${noWeights ? "" : "primary"}" @click=${() => app.openEditor()}>${icons.plus}${t("voice.new")}</button>` : nothing}
        </div>
      </li>
      <li><span class="mark">3</span><div><strong>${t("first.step.speak")}</strong></div></li>
    </ol>
    ${noWeights ? html`<div class="welcome-download">${downloadPanel(app)}</div>` : nothing}
  </section>`;
}

export function studioView(app) {
  return html`<h1 class="hidden">${t("nav.studio")}</h1>
    ${welcome(app)} ${starterNote(app, { example: true })}
    <div class="studio">${composer(app)}${taskList(app)}</div>`;
}

// Write, and watch what becomes of it.
import { html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { composer } from "./composer.js";
import { icons } from "./icons.js";
import { command } from "./parts.js";
import { taskList } from "./task-list.js";

function welcome(app) {
  const { health, ready } = app.store.state;
  const { library } = app;
  const noWeights = health && ready && !ready.ok && health.engine === "no_weights";
  const noVoices = library.state.voices && !library.state.voices.length;
  if (!noWeights && !noVoices) return nothing;
  return html`<section class="welcome" aria-labelledby="welcome-title">
    <div>
      <h2 id="welcome-title">${noWeights ? t("first.weights.title") : t("first.voice.title")}</h2>
      <p>${noWeights ? t("first.weights.text") : t("first.voice.text")}</p>
    </div>
    <ol class="steps">
      <li class=${noWeights ? "now" : "done"}>
        <span class="mark">${noWeights ? "1" : icons.check}</span>
        <div>
          <strong>${t("first.step.weights")}</strong>
          ${noWeights ? html`${command(app, t("first.command"))}<a href="#/weights">${t("first.step.weights.more")}</a>` : nothing}
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
  </section>`;
}

export function studioView(app) {
  return html`<h1 class="hidden">${t("nav.studio")}</h1>
    ${welcome(app)}
    <div class="studio">${composer(app)}${taskList(app)}</div>`;
}

// The frame: navigation, state of the service, the view, messages.
import { html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { toasts } from "./parts.js";
import { stateOf } from "./state.js";
import { loadingBanner, loadingNote } from "./loading.js";
import { playerBar } from "./player-bar.js";
import { settingsView } from "./settings.js";
import { shortcutsDialog } from "./shortcuts.js";
import { studioView } from "./studio.js";
import { taskDrawer } from "./task-drawer.js";
import { trainingView } from "./training.js";
import { categoriesDialog } from "./categories.js";
import { dictionaryDialog } from "./dictionary.js";
import { voiceEditor } from "./voice-editor.js";
import { voicesView } from "./voices.js";
import { weightsView } from "./weights.js";

export const VIEWS = [
  { name: "studio", icon: icons.studio, view: studioView },
  { name: "voices", icon: icons.voices, view: voicesView },
  { name: "training", icon: icons.training, view: trainingView },
  { name: "weights", icon: icons.weights, view: weightsView },
  { name: "settings", icon: icons.settings, view: settingsView },
];

function nav(app) {
  const current = app.store.state.route.view;
  return html`<nav class="nav" aria-label=${t("nav.label")}>
    <a class="brand" href="#/studio">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M5 13v6M10.5 8v16M16 4v24M21.5 9v14M27 13v6" />
      </svg>
      <span>GPT-SoVITS<small>MindSpore</small></span>
    </a>
    <ul>
      ${VIEWS.map(
        ({ name, icon }) => html`<li>
          <a href="#/${name}" aria-current=${name === current ? "page" : nothing}>${icon}<span>${t(`nav.${name}`)}</span></a>
        </li>`,
      )}
    </ul>
    ${serviceState(app)}
  </nav>`;
}

function serviceState(app) {
  const { health, connection } = app.store.state;
  const { tone, text, more } = stateOf(app.store.state);
  const about = [health?.device, health?.model_version].filter(Boolean).join(" · ");
  return html`${loadingNote(app)}<div class="service" data-tone=${tone}>
    <span class="dot"></span>
    <div>
      <strong>${text}</strong>
      ${more ? html`<small><a href="#/weights">${more}</a></small>` : nothing}
      ${about ? html`<small>${about}</small>` : nothing}
      ${health ? html`<small>${queueWords(app)}${connection === "polling" ? ` · ${t("state.polling")}` : ""}</small>` : nothing}
    </div>
  </div>`;
}

/** What runs is counted among the tasks that this page knows; what waits, by the service. */
function queueWords(app) {
  const running = [...app.feed.byId.values()].filter((task) => task.status === "run").length;
  const waiting = app.store.state.health.queue_depth ?? 0;
  if (!running && !waiting) return t("state.idle");
  return [running ? t("state.running", { n: running }) : "", waiting ? t("state.queue", { n: waiting }) : ""].filter(Boolean).join(" · ");
}

function banner(app) {
  const { connection, refused } = app.store.state;
  if (refused || connection === "refused") {
    return html`<div class="banner warn" role="alert">
      ${icons.warn}<span>${t("banner.key")}</span><a class="button small" href="#/settings">${t("banner.key.go")}</a>
    </div>`;
  }
  if (connection === "offline") {
    return html`<div class="banner bad" role="status">
      ${icons.warn}<span>${t("banner.offline")}</span
      ><button type="button" class="button small" @click=${() => app.live.hurry()}>${t("again")}</button>
    </div>`;
  }
  return loadingBanner(app);
}

export function shell(app) {
  const { route, said, drawer, editor, dictionary, dialog } = app.store.state;
  const { view } = VIEWS.find(({ name }) => name === route.view) ?? VIEWS[0];
  return html`
    <a class="skip" href="#main" @click=${skip}>${t("skip")}</a>
    ${nav(app)}
    <main id="main" tabindex="-1" data-view=${route.view}>${banner(app)}${view(app)}</main>
    ${playerBar(app)}
    ${drawer ? taskDrawer(app, drawer) : nothing}
    ${editor ? voiceEditor(app, editor) : nothing}
    ${dictionary ? dictionaryDialog(app, dictionary) : nothing}
    ${dialog === "categories" ? categoriesDialog(app) : nothing}
    ${dialog === "shortcuts" ? shortcutsDialog(app, VIEWS.map(({ name }) => name)) : nothing}
    ${drawer || editor || dictionary || dialog ? nothing : toasts(app)}
    <div class="hidden" role="status" aria-live="polite">${said}</div>
  `;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

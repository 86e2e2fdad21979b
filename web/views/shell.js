// The frame: navigation, state of the service, the view, messages.
import { html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { loadingBanner, loadingNote } from "./loading.js";
import { playerBar } from "./player-bar.js";
import { settingsView } from "./settings.js";
import { shortcutsDialog } from "./shortcuts.js";
import { studioView } from "./studio.js";
import { taskDrawer } from "./task-drawer.js";
import { categoriesDialog } from "./categories.js";
import { voiceEditor } from "./voice-editor.js";
import { voicesView } from "./voices.js";
import { weightsView } from "./weights.js";

// Training joins this list when it exists.
export const VIEWS = [
  { name: "studio", icon: icons.studio, view: studioView },
  { name: "voices", icon: icons.voices, view: voicesView },
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

export function stateOf({ connection, health, ready, refused }) {
  if (refused || connection === "refused") return { tone: "warn", text: t("state.refused") };
  if (connection === "offline") return { tone: "bad", text: t("state.offline") };
  if (!health) return { tone: "wait", text: t("state.connecting") };
  if (health.engine === "starting" || health.engine === "restarting") return { tone: "wait", text: t("state.starting") };
  if (ready && !ready.ok) return { tone: "warn", text: health.weights_loaded ? t("state.not.ready") : t("state.noweights") };
  return { tone: "good", text: t("state.ready") };
}

function serviceState(app) {
  const { health, connection } = app.store.state;
  const { tone, text } = stateOf(app.store.state);
  const about = [health?.device, health?.model_version].filter(Boolean).join(" · ");
  return html`${loadingNote(app)}<div class="service" data-tone=${tone}>
    <span class="dot"></span>
    <div>
      <strong>${text}</strong>
      ${about ? html`<small>${about}</small>` : nothing}
      ${health ? html`<small>${t("state.queue", { n: health.queue_depth ?? 0 })}${connection === "polling" ? ` · ${t("state.polling")}` : ""}</small>` : nothing}
    </div>
  </div>`;
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

function toasts(app) {
  const { toasts: shown } = app.store.state;
  return html`<div class="toasts">
    ${app.undo.pending.map(
      (deed) => html`<div class="toast">
        <span>${deed.label}</span>
        <button type="button" class="button small" @click=${() => app.undo.take(deed.id)}>${t("undo")}</button>
        <span class="fuse"></span>
      </div>`,
    )}
    ${shown.map(
      (one) => html`<div class="toast ${one.tone}">
        <span>${one.text}</span>
        <button type="button" class="icon-button" aria-label=${t("close")} @click=${() => app.dropToast(one.id)}>${icons.close}</button>
      </div>`,
    )}
  </div>`;
}

export function shell(app) {
  const { route, said, drawer, editor, dialog } = app.store.state;
  const { view } = VIEWS.find(({ name }) => name === route.view) ?? VIEWS[0];
  return html`
    <a class="skip" href="#main" @click=${skip}>${t("skip")}</a>
    ${nav(app)}
    <main id="main" tabindex="-1" data-view=${route.view}>${banner(app)}${view(app)}</main>
    ${playerBar(app)}
    ${drawer ? taskDrawer(app, drawer) : nothing}
    ${editor ? voiceEditor(app, editor) : nothing}
    ${dialog === "categories" ? categoriesDialog(app) : nothing}
    ${dialog === "shortcuts" ? shortcutsDialog(app) : nothing}
    ${toasts(app)}
    <div class="hidden" role="status" aria-live="polite">${said}</div>
  `;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}


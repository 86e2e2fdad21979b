// What the small model of the program is, an example of it, and the way to the official models.
import { html, nothing } from "../lib/html.js";
import { bytes } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { remaining } from "../data/install.js";
import { submitDraft } from "./composer.js";
import { languageNames } from "./state.js";
import { icons } from "./icons.js";
import { downloadPanel, missingBase } from "./install.js";

/** In the language of the model, whatever that of the page is. */
const EXAMPLE = "Hello! This is a small voice that was made for this program.";

const spoken = (health) => Object.entries(health.languages ?? {}).filter(([, one]) => one.ready).map(([language]) => language);

function official(app) {
  const { allowed, busy, download } = app.install.state;
  const missing = missingBase(app);
  if (!missing.length || !allowed || download?.state === "running") return html`<a class="button small" href="#/weights">${t("starter.more")}</a>`;
  return html`<button type="button" class="button small" ?disabled=${busy} @click=${() => app.install.begin(missing.map((one) => one.id))}>
    ${icons.download}${t("starter.official", { size: bytes(remaining(missing)) })}
  </button>`;
}

/** One click to a sound: what is written already, or an example, in the voice chosen already, or one of the program's. */
function speak(app) {
  const { composer, library } = app;
  const { text, voice } = composer.state.draft;
  const own = library.voices.find(({ model_id: id }) => id.startsWith("starter-")) ?? library.voices[0];
  composer.set({ text: text.trim() ? text : EXAMPLE, voice: voice || own?.model_id || "" });
  return submitDraft(app);
}

/** Shown while the small model speaks; `example` is for the view that has a text to write. */
export function starterNote(app, { example = false } = {}) {
  const { health } = app.store.state;
  if (!health?.starter) return nothing;
  const languages = spoken(health);
  return html`<section class="banner info starter-note" aria-label=${t("starter.title")}>
      <span><strong>${t("starter.title")}</strong>${t("starter.text", { languages: languageNames(languages) })}</span>
      ${example && languages.includes("en") ? html`<button type="button" class="button small primary" @click=${() => speak(app)}>${icons.play}${t("starter.example")}</button>` : nothing}
      ${official(app)}
    </section>
    ${example ? html`<div class="welcome-download">${downloadPanel(app)}</div>` : nothing}`;
}

// What the small model of the program is, an example of it, and the way to the official models.
import { html, nothing } from "../lib/html.js";
import { bytes } from "../lib/format.js";
import { currentLanguage, t } from "../lib/i18n.js";
import { spokenIn } from "../lib/language.js";
import { remaining } from "../data/install.js";
import { submitDraft } from "./composer.js";
import { languageNames } from "./state.js";
import { icons } from "./icons.js";
import { downloadPanel, missingBase } from "./install.js";

/** In languages of the model. */
const EXAMPLES = {
  en: "Hello! This is a small voice that was made for this program.",
  ja: "こんにちは。これはこのプログラムの小さな声です。",
  zh: "你好！这是为这个程序制作的小声音。",
};

const spoken = (health) => Object.entries(health.languages ?? {}).filter(([, one]) => one.ready).map(([language]) => language);

function official(app) {
  const { allowed, busy, download } = app.install.state;
  const missing = missingBase(app);
  if (!missing.length || !allowed || download?.state === "running") return html`<a class="button small" href="#/weights">${t("starter.more")}</a>`;
  return html`<button type="button" class="button small" ?disabled=${busy} @click=${() => app.install.begin(missing.map((one) => one.id))}>
    ${icons.download}${t("starter.official", { size: bytes(remaining(missing)) })}
  </button>`;
}

/** The language of what is written; of an example that of the page, where the model speaks it. */
function languageToSpeak(text, languages) {
  if (text) return spokenIn("auto", text)[0] ?? "en";
  return [currentLanguage(), "en", ...languages].find((one) => languages.includes(one) && one in EXAMPLES);
}

/** One click to a sound: what is written already, or an example, in the voice chosen already, or one of the program's. */
function speak(app, languages) {
  const { composer, library } = app;
  const { text, voice } = composer.state.draft;
  const language = languageToSpeak(text.trim(), languages);
  const starters = library.voices.filter(({ model_id: id }) => id.startsWith("starter-"));
  const own = starters.find(({ prompt_language: code }) => code?.endsWith(language)) ?? starters[0] ?? library.voices[0];
  composer.set({ text: text.trim() ? text : EXAMPLES[language], voice: voice || own?.model_id || "" });
  return submitDraft(app);
}

/** Shown while the small model speaks; `example` is for the view that has a text to write. */
export function starterNote(app, { example = false } = {}) {
  const { health } = app.store.state;
  if (!health?.starter) return nothing;
  const languages = spoken(health);
  return html`<section class="banner info starter-note" aria-label=${t("starter.title")}>
      <span><strong>${t("starter.title")}</strong>${t("starter.text", { languages: languageNames(languages) })}</span>
      ${example && languages.some((one) => one in EXAMPLES) ? html`<button type="button" class="button small primary" @click=${() => speak(app, languages)}>${icons.play}${t("starter.example")}</button>` : nothing}
      ${official(app)}
    </section>
    ${example ? html`<div class="welcome-download">${downloadPanel(app)}</div>` : nothing}`;
}

// The composer: who says what, and how.
import { css, html, live, nothing } from "../lib/html.js";
import { characters, count, lasting, speechSeconds } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { CUTS, LANGUAGES } from "../lib/language.js";
import { DEFAULTS } from "../data/composer.js";
import { icons } from "./icons.js";
import { problem, select } from "./parts.js";
import { voicePicker } from "./voice-picker.js";

export const TEXT_LIMIT = 10000;

export function languageOptions() {
  return LANGUAGES.map((value) => ({ value, text: t(`language.${value}`) }));
}

function slider(app, { name, label, hint, min, max, step, digits }) {
  const value = app.composer.state.draft[name];
  const share = (Number(value) - min) / (max - min);
  return html`<div class="slider">
    <label for="c-${name}">${label}</label>
    <output for="c-${name}">${Number(value).toFixed(digits)}</output>
    <input
      id="c-${name}"
      type="range"
      min=${min}
      max=${max}
      step=${step}
      aria-describedby=${hint ? `c-${name}-hint` : nothing}
      .value=${live(String(value))}
      ${css({ "--share": String(Math.max(0, Math.min(1, share))) })}
      @input=${(event) => app.composer.set({ [name]: Number(event.target.value) })}
    />
    ${hint ? html`<p class="hint" id="c-${name}-hint">${hint}</p>` : nothing}
  </div>`;
}

function advanced(app) {
  const { draft } = app.composer.state;
  const { set } = app.composer;
  const input = (name, label, hint, extra = {}) => html`<div class="field">
    <label for="c-${name}">${label}</label>
    <input
      id="c-${name}"
      type="text"
      autocomplete="off"
      spellcheck="false"
      inputmode=${extra.mode ?? nothing}
      placeholder=${extra.placeholder ?? ""}
      aria-describedby="c-${name}-hint"
      .value=${live(extra.value ?? String(draft[name]))}
      @input=${(event) => (extra.set ? extra.set(event.target.value) : set({ [name]: event.target.value }))}
    />
    <p class="hint" id="c-${name}-hint">${hint}</p>
  </div>`;
  const reset = () => {
    const { text, voice, language, cut, advanced: open, preview } = draft;
    set({ ...DEFAULTS, text, voice, language, cut, advanced: open, preview });
  };
  return html`<details
    class="advanced"
    ?open=${draft.advanced}
    @toggle=${(event) => event.target.open !== draft.advanced && set({ advanced: event.target.open })}
  >
    <summary>${icons.settings}<span>${t("compose.advanced")}</span>${icons.down}</summary>
    <div class="advanced-grid">
      ${slider(app, { name: "temperature", label: t("p.temperature"), hint: t("p.temperature.hint"), min: 0.1, max: 1.5, step: 0.05, digits: 2 })}
      ${slider(app, { name: "topK", label: t("p.topK"), hint: t("p.topK.hint"), min: 1, max: 100, step: 1, digits: 0 })}
      ${slider(app, { name: "topP", label: t("p.topP"), hint: t("p.topP.hint"), min: 0.05, max: 1, step: 0.05, digits: 2 })}
      ${slider(app, { name: "repetition", label: t("p.repetition"), hint: t("p.repetition.hint"), min: 1, max: 2, step: 0.05, digits: 2 })}
      ${input("seed", t("p.seed"), t("p.seed.hint"), { mode: "numeric", placeholder: t("p.seed.random") })}
      ${input("taskId", t("p.taskId"), t("p.taskId.hint"), { placeholder: t("p.taskId.auto") })}
      ${input("userId", t("p.userId"), t("p.userId.hint"), { value: app.settings.values.user, set: (user) => app.settings.set({ user }) })}
      <label class="check">
        <input type="checkbox" .checked=${live(draft.refFree)} @change=${(event) => set({ refFree: event.target.checked })} />
        <span>${t("p.refFree")}<small>${t("p.refFree.hint")}</small></span>
      </label>
      <button type="button" class="button small quiet" @click=${reset}>${icons.retry}${t("compose.reset")}</button>
    </div>
  </details>`;
}

function preview(app) {
  const { draft, preview: found } = app.composer.state;
  if (!draft.preview) return nothing;
  if (!draft.text.trim()) return html`<p class="hint">${t("preview.empty")}</p>`;
  if (found?.error && app.composer.previewIsCurrent) return problem(found.error);
  if (!found?.segments) return html`<div class="preview skeleton" aria-busy="true"></div>`;
  return html`<ol class="preview ${app.composer.previewIsCurrent ? "" : "stale"}" aria-label=${t("preview.label")}>
    ${found.segments.map((one) => html`<li><span>${one.text}</span><small>${lasting(one.seconds)}</small></li>`)}
  </ol>`;
}

export async function submitDraft(app) {
  const { composer, feed } = app;
  const draft = composer.state.draft;
  if (!draft.text.trim()) {
    composer.state.error = { message: t("compose.need.text"), kind: "parameter", field: "text" };
    app.store.touch();
    document.getElementById("c-text")?.focus();
    return;
  }
  if (!draft.voice) {
    composer.state.error = { message: t("compose.need.voice"), kind: "parameter", field: "voice" };
    app.store.touch();
    document.getElementById("voice-picker")?.focus();
    return;
  }
  const entry = await composer.submit();
  if (!entry) return;
  feed.apply(entry);
  app.say(t("say.submitted", { id: entry.task_id }));
}

export function composer(app) {
  const { state, set, language } = app.composer;
  const { draft, busy, error } = state;
  const length = characters(draft.text);
  const guessed = draft.language === "auto-guess";
  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submitDraft(app);
    }
  };
  const togglePreview = () => {
    set({ preview: !draft.preview });
    if (!draft.preview) app.composer.loadPreview();
  };
  return html`<section class="panel composer" aria-labelledby="composer-title">
    <header class="panel-head"><h2 id="composer-title">${t("compose.title")}</h2></header>
    <form
      @submit=${(event) => {
        event.preventDefault();
        submitDraft(app);
      }}
      @keydown=${keys}
      novalidate
    >
      ${voicePicker(app)}
      <div class="field text-field">
        <label for="c-text" class="hidden">${t("compose.text")}</label>
        <textarea
          id="c-text"
          rows="5"
          placeholder=${t("compose.placeholder")}
          aria-describedby="c-count"
          aria-invalid=${length > TEXT_LIMIT ? "true" : nothing}
          .value=${live(draft.text)}
          @input=${(event) => set({ text: event.target.value })}
        ></textarea>
        <p class="count ${length > TEXT_LIMIT ? "over" : ""}" id="c-count">
          <span>${t("compose.characters", { n: length, count: count(length, app.language()) })}</span>
          ${length ? html`<span>${t("compose.seconds", { seconds: lasting(speechSeconds(draft.text, draft.speed)) })}</span>` : nothing}
          ${length > TEXT_LIMIT ? html`<span>${t("compose.too.long", { limit: count(TEXT_LIMIT, app.language()) })}</span>` : nothing}
        </p>
      </div>
      <div class="row two">
        <div class="field">
          <label for="c-language">${t("compose.language")}</label>
          ${select({
            id: "c-language",
            value: draft.language,
            options: [
              { value: "auto-guess", text: guessed && draft.text.trim() ? t("compose.guessed", { language: t(`language.${language()}`) }) : t("compose.guess") },
              ...languageOptions(),
            ],
            onPick: (value) => set({ language: value }),
          })}
        </div>
        <div class="field">
          <label for="c-cut">${t("compose.cut")}</label>
          ${select({ id: "c-cut", value: draft.cut, options: CUTS.map((value) => ({ value, text: t(`cut.${value}`) })), onPick: (cut) => set({ cut }) })}
        </div>
      </div>
      ${slider(app, { name: "speed", label: t("p.speed"), min: 0.5, max: 2, step: 0.05, digits: 2 })}
      <button type="button" class="disclose" aria-expanded=${String(draft.preview)} @click=${togglePreview}>
        ${icons.scissors}<span>${t("preview.toggle")}</span>${icons.down}
      </button>
      ${preview(app)}
      ${advanced(app)}
      <div class="submit">
        ${problem(error)}
        <button type="submit" class="button primary wide ${busy ? "busy" : ""}" ?disabled=${busy || length > TEXT_LIMIT}>
          ${icons.spark}${busy ? t("compose.busy") : t("compose.submit")}<kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
      </div>
    </form>
  </section>`;
}

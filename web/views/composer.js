// The composer: who says what, and how.
import { css, html, live, nothing } from "../lib/html.js";
import { characters, count, lasting, speechSeconds } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { CUTS, LANGUAGES, spokenIn } from "../lib/language.js";
import { DEFAULTS, seedFits } from "../data/composer.js";
import { shortened } from "../data/task-actions.js";
import { icons } from "./icons.js";
import { problem, select } from "./parts.js";
import { isStarting, languageNames, silentLanguages } from "./state.js";
import { voicePicker } from "./voice-picker.js";

/** Characters that the service takes; it says so itself. */
export const textLimit = (app) => app.store.state.health?.limits?.text ?? Infinity;

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
      aria-invalid=${app.composer.state.error?.field === name ? "true" : nothing}
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
      <div class="field">
        <label for="c-reading">${t("p.reading")}</label>
        ${select({
          id: "c-reading",
          value: draft.reading,
          options: ["natural", "official"].map((value) => ({ value, text: t(`reading.${value}`) })),
          onPick: (reading) => set({ reading }),
        })}
        <p class="hint">${t("p.reading.hint")}</p>
      </div>
      <label class="check">
        <input type="checkbox" .checked=${live(draft.refFree)} @change=${(event) => set({ refFree: event.target.checked })} />
        <span>${t("p.refFree")}<small>${t("p.refFree.hint")}</small></span>
      </label>
      <button type="button" class="button small quiet" @click=${reset}>${icons.retry}${t("compose.reset")}</button>
    </div>
  </details>`;
}

/** How finely audio is sampled, where the version that speaks samples it. */
function sampling(app) {
  const { sampler, set, state } = app.composer;
  if (!sampler) return nothing;
  return html`<div class="field">
      <label for="c-steps">${t("p.steps")}</label>
      ${select({
        id: "c-steps",
        value: String(state.draft.steps),
        options: sampler.steps.map((steps) => ({ value: String(steps), text: t(`steps.${steps}`) })),
        onPick: (steps) => set({ steps: Number(steps) }),
      })}
      <p class="hint">${t("p.steps.hint")}</p>
    </div>
    ${sampler.superSampling
      ? html`<label class="check">
          <input type="checkbox" .checked=${live(state.draft.superSampling)} @change=${(event) => set({ superSampling: event.target.checked })} />
          <span>${t("p.superSampling")}<small>${t("p.superSampling.hint")}</small></span>
        </label>`
      : nothing}`;
}

/** What is said, where the two readings say something else. */
function readings(app) {
  const { draft, preview: found } = app.composer.state;
  if (!draft.readings) {
    return html`<button type="button" class="button small quiet" @click=${() => app.composer.set({ readings: true })}>
      ${t("preview.readings")}
    </button>`;
  }
  const said = found?.readings;
  if (!said) return nothing;
  const lines = (name) => (said[name] ?? "").split("\n");
  const differ = said.natural !== said.official;
  const one = (name) => html`<dt>${t(`reading.${name}`)}</dt><dd>${lines(name).map((line) => html`<span>${line}</span>`)}</dd>`;
  return html`<dl class="readings" aria-label=${t("preview.readings")}>
    ${one(draft.reading)}
    ${differ ? one(draft.reading === "natural" ? "official" : "natural") : html`<dd class="hint">${t("preview.readings.same")}</dd>`}
  </dl>`;
}

function preview(app) {
  const { draft, preview: found } = app.composer.state;
  if (!draft.preview) return nothing;
  if (!draft.text.trim()) return html`<p class="hint">${t("preview.empty")}</p>`;
  if (found?.error && app.composer.previewIsCurrent) return problem(found.error);
  if (!found?.segments) return html`<div class="preview skeleton" aria-busy="true"></div>`;
  return html`<ol class="preview ${app.composer.previewIsCurrent ? "" : "stale"}" aria-label=${t("preview.label")}>
    ${found.segments.map((one) => html`<li><span>${one.text}</span><small>${lasting(one.seconds)}</small></li>`)}
  </ol>
  ${found.leftOut?.length ? html`<p class="warning">${icons.warn}${t("preview.leftOut", { words: found.leftOut.join(", ") })}</p>` : nothing}
  ${readings(app)}`;
}

/** Say what is wrong at the field, and put the keyboard there. */
function refuse(app, message, field, focus) {
  app.composer.state.error = { message, kind: "parameter", field };
  app.store.touch();
  app.store.flush();
  document.getElementById(focus)?.focus();
}

export async function submitDraft(app, options) {
  const { composer, feed } = app;
  const draft = composer.state.draft;
  if (!draft.text.trim()) return refuse(app, t("compose.need.text"), "text", "c-text");
  if (!draft.voice) return refuse(app, t("compose.need.voice"), "voice", "voice-picker");
  if (!seedFits(draft.seed)) {
    composer.set({ advanced: true });
    return refuse(app, t("compose.bad.seed", { seed: shortened(String(draft.seed), 20) }), "seed", "c-seed");
  }
  const entry = await composer.submit(options);
  if (!entry) return undefined;
  feed.apply(entry);
  app.say(t("say.submitted"));
  return undefined;
}

/** A seed that is kept is said where it can be seen, also while the advanced settings are folded. */
function pinnedSeed(app) {
  const { draft } = app.composer.state;
  if (!String(draft.seed ?? "").trim() || draft.advanced) return nothing;
  return html`<p class="note">${icons.settings}<span>${t("compose.seed.fixed", { seed: draft.seed })}</span>
    <button type="button" class="button small" @click=${() => app.composer.set({ seed: "" })}>${t("compose.seed.free")}</button></p>`;
}

/** What would keep this text from being spoken, before it is sent. */
function notSpoken(app) {
  const { draft } = app.composer.state;
  const { health } = app.store.state;
  // Nothing is missing while the engine starts; texts are taken and wait for it.
  const silent = isStarting(health) ? [] : silentLanguages(health);
  const lacking = draft.text.trim() ? spokenIn(app.composer.language(), draft.text).filter((one) => silent.includes(one)) : [];
  if (!lacking.length) return nothing;
  return html`<p class="note warn" role="status">${icons.warn}<span>${t("compose.not.spoken", { languages: languageNames(lacking) })}</span>
    <a class="button small" href="#/weights">${t("compose.not.spoken.go")}</a></p>`;
}

/** What another tab was writing: offered, never put in by itself. */
function offered(app) {
  const { offer } = app.composer.state;
  if (!offer) return nothing;
  return html`<div class="note" role="group" aria-label=${t("offer.label")}>
    ${icons.copy}<span>${t("offer.text", { text: shortened(offer.text, 60) })}</span>
    <button type="button" class="button small" @click=${() => {
      app.composer.takeOffer();
      document.getElementById("c-text")?.focus();
    }}>${t("offer.take")}</button>
    <button type="button" class="button small quiet" @click=${app.composer.declineOffer}>${t("offer.decline")}</button>
  </div>`;
}

/** What became of the text that was sent. */
function sent(app) {
  const { added, again } = app.composer.state;
  const show = html`<button type="button" class="link" @click=${() => app.showTask(added.id)}>${t("compose.added.show")}</button>`;
  if (again) {
    return html`<div class="note warn" role="alert">${icons.warn}<span>${t("compose.same")}</span>${show}
      <button type="button" class="button small" @click=${() => submitDraft(app, { anyway: true })}>${t("compose.same.anyway")}</button></div>`;
  }
  return html`<p class="added" role="status">${added ? html`${icons.check}<span>${t("compose.added")}</span><span aria-hidden="true">·</span>${show}` : nothing}</p>`;
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
  const limit = textLimit(app);
  const togglePreview = async () => {
    set({ preview: !draft.preview });
    if (draft.preview) return;
    await app.composer.loadPreview();
    app.store.flush();
    document.querySelector(".composer .preview")?.scrollIntoView({ block: "nearest" });
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
          aria-invalid=${length > limit ? "true" : nothing}
          .value=${live(draft.text)}
          @input=${(event) => set({ text: event.target.value })}
        ></textarea>
        ${offered(app)}
        <p class="count ${length > limit ? "over" : ""}" id="c-count">
          <span>${t("compose.characters", { n: length, count: count(length, app.language()) })}</span>
          ${length ? html`<span>${t("compose.seconds", { seconds: lasting(speechSeconds(draft.text, draft.speed)) })}</span>` : nothing}
          ${length > limit ? html`<span>${t("compose.too.long", { limit: count(limit, app.language()) })}</span>` : nothing}
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
      ${sampling(app)}
      <button type="button" class="disclose" aria-expanded=${String(draft.preview)} @click=${togglePreview}>
        ${icons.scissors}<span>${t("preview.toggle")}</span>${icons.down}
      </button>
      ${preview(app)}
      ${advanced(app)}
      <div class="submit">
        ${notSpoken(app)} ${pinnedSeed(app)} ${problem(error)}
        <button type="submit" class="button primary wide ${busy ? "busy" : ""}" ?disabled=${busy || length > limit}>
          ${icons.spark}${busy ? t("compose.busy") : t("compose.submit")}<kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
        ${sent(app)}
      </div>
    </form>
  </section>`;
}

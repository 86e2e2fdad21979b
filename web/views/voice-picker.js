// Choosing a voice: a button that opens a searchable list (the combobox pattern of ARIA).
import { html, live, nothing, ref } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { filterVoices } from "../data/library.js";
import "../elements/virtual-list.js";
import { icons } from "./icons.js";
import { avatar } from "./parts.js";

const ui = { open: false, query: "", active: 0 };
const SHOWN = 60;

function close(app, focus = true) {
  ui.open = false;
  app.store.touch();
  if (focus) document.getElementById("voice-picker")?.focus();
}

function choose(app, voice) {
  app.composer.set({ voice: voice.model_id });
  close(app);
}

function open(app) {
  ui.open = true;
  ui.query = "";
  ui.active = 0;
  app.store.touch();
  app.store.flush();
}

const focusOnce = (element) => element && queueMicrotask(() => element.focus());

function list(app, voices) {
  const found = filterVoices(voices, { name: ui.query });
  const shown = found.slice(0, SHOWN);
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      ui.active = Math.max(0, Math.min(shown.length - 1, ui.active + step));
      app.store.touch();
      document.getElementById(`voice-option-${ui.active}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (shown[ui.active]) choose(app, shown[ui.active]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close(app);
    } else if (event.key === "Tab") close(app, false);
  };
  return html`<div class="picker-pop">
    <div class="search">
      ${icons.search}
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="voice-options"
        aria-autocomplete="list"
        aria-activedescendant=${shown.length ? `voice-option-${ui.active}` : nothing}
        aria-label=${t("picker.search")}
        placeholder=${t("picker.search")}
        .value=${live(ui.query)}
        ${ref(focusOnce)}
        @input=${(event) => {
          ui.query = event.target.value;
          ui.active = 0;
          app.store.touch();
        }}
        @keydown=${keys}
      />
    </div>
    <ul id="voice-options" role="listbox" aria-label=${t("compose.voice")}>
      ${shown.map(
        (voice, i) => html`<li
          id="voice-option-${i}"
          role="option"
          aria-selected=${String(voice.model_id === app.composer.state.draft.voice)}
          class=${i === ui.active ? "active" : ""}
          @pointermove=${() => {
            if (ui.active === i) return;
            ui.active = i;
            app.store.touch();
          }}
          @click=${() => choose(app, voice)}
        >
          ${avatar(app, voice, "small")}<span class="grow"><strong>${voice.model_name}</strong><small>${voice.model_id}</small></span>
          ${voice.model_id === app.composer.state.draft.voice ? icons.check : nothing}
        </li>`,
      )}
    </ul>
    ${found.length ? nothing : html`<p class="hint pad">${t("picker.none", { query: ui.query })}</p>`}
    ${found.length > SHOWN ? html`<p class="hint pad">${t("picker.more", { n: found.length - SHOWN })}</p>` : nothing}
  </div>`;
}

export function voicePicker(app) {
  const { voices } = app.library;
  const { draft, error } = app.composer.state;
  const chosen = app.library.voice(draft.voice);
  const label = chosen ? chosen.model_name : draft.voice ? (app.library.state.voices ? t("picker.gone", { id: draft.voice }) : draft.voice) : t("picker.choose");
  const leave = (event) => {
    if (ui.open && !event.currentTarget.contains(event.relatedTarget) && event.relatedTarget) close(app, false);
  };
  const nothingThere = app.library.state.voices && !voices.length;
  return html`<div class="picker ${ui.open ? "open" : ""}" @focusout=${leave}>
    ${ui.open ? html`<div class="picker-shade" @click=${() => close(app)}></div>` : nothing}
    <button
      type="button"
      id="voice-picker"
      class="picker-button ${error?.field === "voice" ? "invalid" : ""}"
      aria-haspopup="listbox"
      aria-expanded=${String(ui.open)}
      @click=${() => (nothingThere ? app.openEditor() : ui.open ? close(app) : open(app))}
    >
      ${chosen ? avatar(app, chosen) : html`<span class="avatar blank">${icons.voices}</span>`}
      <span class="grow"><small>${t("compose.voice")}</small><strong>${nothingThere ? t("voice.new") : label}</strong></span>
      ${nothingThere ? icons.plus : icons.down}
    </button>
    ${chosen?.refer_wav_url
      ? html`<button
          type="button"
          class="play small"
          aria-label=${app.player.isPlaying(`voice:${chosen.model_id}`) ? t("pause") : t("voice.play", { name: chosen.model_name })}
          @click=${() => app.playVoice(chosen)}
        >${app.player.isPlaying(`voice:${chosen.model_id}`) ? icons.pause : icons.play}</button>`
      : nothing}
    ${ui.open ? list(app, voices) : nothing}
  </div>`;
}

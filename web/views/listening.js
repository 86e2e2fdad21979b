// Hearing two versions of a trained voice with the same text, blindly if wished, and making a voice of the better one.
import { html, live, nothing } from "../lib/html.js";
import { lasting } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { idFrom } from "../data/editor.js";
import { freeId } from "../data/library.js";
import { LETTERS, referencesOf } from "../data/listening.js";
import { icons } from "./icons.js";
import { field, problem, select } from "./parts.js";

const epochWords = (one) => t("training.listen.epoch", { epoch: one.epoch });

function networkChoice(app, i, network) {
  const { state, choose } = app.listening;
  const options = state.checkpoints.filter((one) => one.network === network).map((one) => ({ value: one.path, text: epochWords(one) }));
  const id = `listen-${network}-${i}`;
  return field({ id, label: t(`training.listen.${network}`), control: select({ id, value: state.pairs[i][network], options, onPick: (value) => choose(i, { [network]: value }) }) });
}

/** What a version is, once it may be known. */
function nameOf(app, place) {
  const { checkpoints, pairs } = app.listening.state;
  const words = (network) => epochWords(checkpoints.find((one) => one.path === pairs[place][network]) ?? { epoch: "?" });
  return `${t("training.listen.sovits")} ${words("sovits")}, ${t("training.listen.gpt")} ${words("gpt")}`;
}

function version(app, shown, line) {
  const { state, place, set } = app.listening;
  const at = place(shown);
  const letter = LETTERS[shown];
  const hidden = state.blind && state.sounds[0] && !state.chosen;
  const sound = { id: `hear:${letter}`, address: state.sounds[at], title: t("training.listen.pair", { letter }), subtitle: state.text };
  const playing = app.player.isPlaying(sound.id);
  return html`<div class="listening-pair" role="group" aria-label=${t("training.listen.pair", { letter })}>
    <h3>${state.sounds[at] ? html`<button type="button" class="play" aria-label=${playing ? t("pause") : t("training.listen.play", { letter })} @click=${() => app.player.toggle(sound)}>${playing ? icons.pause : icons.play}</button>` : nothing}${t("training.listen.pair", { letter })}</h3>
    ${hidden ? nothing : html`${networkChoice(app, at, "sovits")}${networkChoice(app, at, "gpt")}`}
    <div class="row wrap">
      ${state.sounds[at] ? html`<button type="button" class="button small" aria-pressed=${String(state.chosen === letter)} @click=${() => set({ chosen: letter })}>${icons.check}${t("training.listen.prefer", { letter })}</button>` : nothing}
      ${hidden ? nothing : html`<button type="button" class="button small" ?disabled=${state.busy || !line} @click=${() => make(app, at, line)}>${icons.voices}${t("training.voice.make", { letter })}</button>`}
    </div>
  </div>`;
}

async function make(app, place, line) {
  const { state, makeVoice } = app.listening;
  const name = state.voiceName || state.name;
  const voice = await makeVoice(state.pairs[place], line, name, freeId(idFrom(name), app.library.voices));
  if (!voice) return;
  app.library.put(voice);
  app.toast(t("training.voice.made", { name: voice.model_name }), "good");
  app.speakWith(voice);
}

export function listening(app) {
  const { session } = app.training.state;
  const { state, set, speak } = app.listening;
  if (!session?.exp_name) return nothing;
  const weights = session.artefacts.filter((one) => one.kind === "weights").length;
  app.listening.open(session.exp_name, `${weights} ${session.state}`);
  const references = referencesOf(app.labels.state.lines).map((line) => ({ ...line, file: line.path }));
  const line = references.find((one) => one.path === state.reference) ?? references[0];
  const text = state.text || t("training.listen.sample");
  const go = () => {
    if (!state.text) set({ text });
    speak(line);
  };
  return html`<section class="panel training-part" aria-labelledby="training-listen"><h2 id="training-listen">${t("training.listen")}</h2>
    ${!state.pairs
      ? html`<p class="hint">${t("training.listen.none")}</p>${problem(state.error)}`
      : html`${field({ id: "listen-text", label: t("training.listen.text"), control: html`<textarea id="listen-text" rows="2" maxlength="500" .value=${live(text)} @input=${(event) => set({ text: event.target.value })}></textarea>` })}
          <div class="new-grid">
            ${field({ id: "listen-reference", label: t("training.listen.reference"), control: select({ id: "listen-reference", value: line?.path ?? "", options: references.slice(0, 200).map((one) => ({ value: one.path, text: `${lasting(one.seconds)} · ${one.text.slice(0, 40)}` })), onPick: (reference) => set({ reference }) }) })}
            ${field({ id: "listen-name", label: t("training.voice.name"), control: html`<input id="listen-name" type="text" maxlength="100" autocomplete="off" placeholder=${session.exp_name} .value=${live(state.voiceName)} @input=${(event) => set({ voiceName: event.target.value })} />` })}
          </div>
          <div class="listening-pairs">${[0, 1].map((shown) => version(app, shown, line))}</div>
          ${state.chosen ? html`<p class="note" role="status">${icons.check}<span>${t("training.listen.chosen", { what: nameOf(app, app.listening.place(LETTERS.indexOf(state.chosen))) })}</span></p>` : nothing}
          ${problem(state.error)}
          <div class="row wrap">
            <button type="button" class="button primary ${state.busy ? "busy" : ""}" ?disabled=${state.busy || !line} @click=${go}>${icons.spark}${t(state.busy ? "training.listen.speaking" : "training.listen.speak")}</button>
            <label class="check"><input type="checkbox" .checked=${live(state.blind)} @change=${(event) => set({ blind: event.target.checked })} />${t("training.listen.blind")}</label>
          </div>`}
  </section>`;
}

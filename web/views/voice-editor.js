// Making or changing a voice: the clip, what it says, who it is.
import { css, html, live, nothing } from "../lib/html.js";
import { LONGEST, SHORTEST } from "../lib/audio.js";
import { clock, lasting } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { guess } from "../lib/language.js";
import { idFrom } from "../data/editor.js";
import "../elements/avatar-crop.js";
import "../elements/clip-trimmer.js";
import { languageOptions } from "./composer.js";
import { doctorFacts, doctorLine, measurements, verdict } from "./doctor.js";
import { dropZone, filePicker, SOUNDS } from "./files.js";
import { icons } from "./icons.js";
import { moreClips, moreVerdicts } from "./more-clips.js";
import { avatar, iconButton, modal, problem, segmented, select } from "./parts.js";
import { weightsOf } from "./weights.js";

function recorded(app, recording) {
  return html`<div class="recording">
    <span class="level" ${css({ "--level": String(Math.min(1, recording.level * 5)) })}></span>
    <strong role="timer">${clock(recording.seconds)}</strong>
    <p class="hint">${recording.seconds < SHORTEST ? t("record.more") : recording.seconds > LONGEST ? t("record.enough") : t("record.good")}</p>
    <button type="button" class="button primary" @click=${app.stopRecording}>${icons.stop}${t("record.stop")}</button>
  </div>`;
}

function chosen(app, editor) {
  const { clip } = editor;
  const seconds = clip.samples ? clip.to - clip.from : 0;
  const fits = seconds >= SHORTEST - 0.005 && seconds <= LONGEST + 0.005;
  return html`<div class="clip">
    ${clip.samples
      ? html`<clip-trimmer role="group" aria-label=${t("clip.trim")} .clip=${clip} .playhead=${editor.playhead} @trim=${(event) => app.trimClip(event.detail)}></clip-trimmer>`
      : html`<p class="hint pad">${t("clip.unknown")}</p>`}
    <div class="row">
      <button type="button" class="play small" aria-label=${editor.playhead === null ? t("clip.play") : t("pause")} @click=${app.playSelection}>${editor.playhead === null ? icons.play : icons.pause}</button>
      ${clip.samples ? html`<span class="length ${fits ? "good" : "bad"}" role="status">${seconds.toFixed(1)} s<small>${fits ? t("clip.fits") : seconds < SHORTEST ? t("clip.longer") : t("clip.shorter")}</small></span>` : nothing}
      <span class="grow faint ellipsis">${clip.name}${clip.samples ? ` · ${lasting(clip.samples.length / clip.rate)}` : ""}</span>
      ${iconButton({ icon: icons.trash, label: t("clip.drop"), onClick: app.dropClip })}
    </div>
    ${judged(app, clip)}
  </div>`;
}

/** The service's verdict on the recording as it is; until it is there, what this page measures. */
function judged(app, clip) {
  if (clip.verdict) return html`<div class="judged">${doctorLine(app, clip.verdict)} ${doctorFacts(clip.verdict)}</div>`;
  return html`${measurements(clip.report)}${clip.verdictError ? html`<p class="hint">${t("clip.not.judged", { reason: clip.verdictError.message })}</p>` : nothing}`;
}

function clipStep(app, editor) {
  const zone = dropZone(([file]) => app.takeClip(file, file.name));
  const there = editor.voice?.refer_wav_url && !editor.clip && !editor.recording;
  return html`<section class="step" aria-labelledby="step-clip">
    <h3 id="step-clip"><span class="mark">1</span>${t("editor.clip")}</h3>
    ${editor.recording
      ? recorded(app, editor.recording)
      : editor.clip
        ? chosen(app, editor)
        : html`<div class="drop ${editor.decoding ? "busy" : ""}" @dragover=${zone.over} @dragleave=${zone.leave} @drop=${zone.drop}>
            <span class="drop-mark">${icons.studio}</span>
            <strong>${editor.decoding ? t("clip.reading") : there ? t("clip.replace") : t("clip.drop.here")}</strong>
            <p class="hint">${t("clip.hint")}</p>
            <div class="row center">
              ${filePicker({ id: "clip-file", accept: SOUNDS, label: t("clip.choose"), take: ([file]) => app.takeClip(file, file.name) })}
              <button type="button" class="button" @click=${app.record}>${icons.mic}${t("record")}</button>
              ${there ? html`<button type="button" class="button" @click=${() => app.playVoice(editor.voice)}>${icons.play}${t("clip.current")}</button>` : nothing}
            </div>
          </div>`}
    ${there ? doctorLine(app, verdict(editor.voice)) : nothing} ${problem(editor.clipError)}
  </section>`;
}

function input(app, id, name, label, extra = {}) {
  const { fields } = app.store.state.editor;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input
      id=${id}
      type="text"
      autocomplete="off"
      spellcheck=${extra.plain ? "false" : nothing}
      maxlength=${extra.most ?? 100}
      placeholder=${extra.placeholder ?? ""}
      ?disabled=${extra.disabled ?? false}
      .value=${live(fields[name] ?? "")}
      @input=${(event) => app.editFields({ [name]: event.target.value })}
    />
    ${extra.hint ? html`<p class="hint">${extra.hint}</p>` : nothing}
  </div>`;
}

function wordsStep(app, { fields }) {
  const guessed = guess(fields.prompt_text);
  const options = [{ value: "", text: guessed ? t("compose.guessed", { language: t(`language.${guessed}`) }) : t("compose.guess") }, ...languageOptions()];
  return html`<section class="step" aria-labelledby="step-words">
    <h3 id="step-words"><span class="mark">2</span>${t("editor.words")}</h3>
    <div class="field">
      <label for="e-text">${t("editor.text")}</label>
      <textarea id="e-text" rows="3" maxlength="500" placeholder=${t("editor.text.placeholder")} .value=${live(fields.prompt_text)} @input=${(event) => app.editFields({ prompt_text: event.target.value })}></textarea>
      <p class="hint">${t("editor.text.hint")}</p>
    </div>
    <div class="field">
      <label for="e-language">${t("compose.language")}</label>
      ${select({ id: "e-language", value: fields.prompt_language, options, onPick: (value) => app.editFields({ prompt_language: value }) })}
    </div>
  </section>`;
}

function portrait(app, editor) {
  const zone = dropZone(([file]) => app.takeAvatar(file));
  const shown = editor.avatar
    ? html`<avatar-crop
        aria-label=${t("avatar.crop")}
        .image=${editor.avatar}
        .zoom=${editor.zoom}
        @zoomed=${(event) => app.patchEditor({ zoom: event.detail })}
      ></avatar-crop>`
    : avatar(app, { ...editor.voice, model_id: editor.voice?.model_id ?? "new", model_name: editor.fields.model_name || "?" }, "huge");
  return html`<div class="portrait-edit" @dragover=${zone.over} @dragleave=${zone.leave} @drop=${zone.drop}>
    ${shown}
    ${editor.avatar
      ? html`<input type="range" min="1" max="4" step="0.05" aria-label=${t("avatar.zoom")} .value=${live(String(editor.zoom))} ${css({ "--share": String((editor.zoom - 1) / 3) })} @input=${(event) => app.patchEditor({ zoom: Number(event.target.value) })} />`
      : nothing}
    ${filePicker({ id: "avatar-file", accept: "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/avif", label: t("avatar.choose"), take: ([file]) => app.takeAvatar(file) })}
    ${problem(editor.avatarError)}
  </div>`;
}

function categoryPicks(app, { fields }) {
  const { categories } = app.library.state;
  const flip = (id) => {
    const has = fields.categories.includes(id);
    app.editFields({ categories: has ? fields.categories.filter((one) => one !== id) : [...fields.categories, id] });
  };
  return html`<div class="field" role="group" aria-label=${t("editor.categories")}>
    <span class="label">${t("editor.categories")}</span>
    <div class="picks">
      ${categories.map(
        (one) => html`<button type="button" class="pick" aria-pressed=${String(fields.categories.includes(one.category_id))} @click=${() => flip(one.category_id)}>${fields.categories.includes(one.category_id) ? icons.check : icons.plus}${one.category_name}</button>`,
      )}
      ${categories.length ? nothing : html`<span class="hint">${t("editor.categories.none")}</span>`}
    </div>
  </div>`;
}

function ownWeights(app, { fields }) {
  const { gpt, sovits } = weightsOf(app.library.state.weights);
  if (!gpt.length && !sovits.length) return nothing;
  const options = (files, now) => {
    const paths = [...new Set([...files.map((one) => one.path), ...(now ? [now] : [])])];
    return [{ value: "", text: t("editor.weights.current") }, ...paths.map((path) => ({ value: path, text: path.split(/[\\/]/).pop() }))];
  };
  return html`<details class="advanced" ?open=${Boolean(fields.gpt_model_path || fields.sovits_model_path)}>
    <summary>${icons.weights}<span>${t("editor.weights")}</span>${icons.down}</summary>
    <div class="advanced-grid">
      <div class="field"><label for="e-gpt">${t("weights.gpt")}</label>${select({ id: "e-gpt", value: fields.gpt_model_path, options: options(gpt, fields.gpt_model_path), onPick: (value) => app.editFields({ gpt_model_path: value }) })}</div>
      <div class="field"><label for="e-sovits">${t("weights.sovits")}</label>${select({ id: "e-sovits", value: fields.sovits_model_path, options: options(sovits, fields.sovits_model_path), onPick: (value) => app.editFields({ sovits_model_path: value }) })}</div>
    </div>
  </details>`;
}

function whoStep(app, editor) {
  const { fields, voice } = editor;
  return html`<section class="step" aria-labelledby="step-who">
    <h3 id="step-who"><span class="mark">3</span>${t("editor.who")}</h3>
    <div class="who-grid">
      ${portrait(app, editor)}
      <div>
        ${input(app, "e-name", "model_name", t("editor.name"), { placeholder: t("editor.name.placeholder") })}
        ${input(app, "e-id", "model_id", t("editor.id"), { plain: true, most: 64, disabled: Boolean(voice), placeholder: voice ? "" : fields.model_name ? idFrom(fields.model_name, 0).replace("voice-0", t("editor.id.auto")) : t("editor.id.auto"), hint: voice ? "" : t("editor.id.hint") })}
        ${segmented({ name: "gender", label: t("editor.gender"), value: String(fields.gender), options: ["2", "1"].map((value) => ({ value, text: t(`gender.${value}`) })), onPick: (value) => app.editFields({ gender: Number(value) }) })}
      </div>
    </div>
    ${input(app, "e-description", "description", t("editor.description"), { most: 2000, placeholder: t("editor.description.placeholder") })}
    ${categoryPicks(app, editor)} ${ownWeights(app, editor)}
    ${voice
      ? html`<div class="field">
          <span class="label">${t("dictionary.title")}</span>
          <div><button type="button" class="button" @click=${() => app.openDictionary(voice)}>${icons.edit}${t("dictionary.open")}</button></div>
        </div>`
      : nothing}
  </section>`;
}

function outcome(app, editor) {
  const report = verdict(editor.result);
  return html`<section class="outcome">
    ${avatar(app, editor.result, "huge")}
    <h3>${t("editor.done", { name: editor.result.model_name })}</h3>
    <div class="doctor">
      <h4>${t("doctor.title")}</h4>
      ${doctorLine(app, report)} ${doctorFacts(report)} ${moreVerdicts(app, editor)}
    </div>
    <div class="row center">
      <button type="button" class="button" @click=${app.closeEditor}>${t("close")}</button>
      <button type="button" class="button primary" @click=${() => {
        app.closeEditor();
        app.speakWith(editor.result);
      }}>${icons.spark}${t("voice.speak")}</button>
    </div>
  </section>`;
}

/** A press beside the dialog must not cost a trimmed clip. */
function askBeforeLeaving(app) {
  const stay = () => {
    app.patchEditor({ asking: false });
    app.store.flush();
    document.querySelector(".voice-editor .modal-body")?.focus();
  };
  return html`<div class="ask note warn" role="alertdialog" aria-label=${t("editor.leave")}>
    ${icons.warn}<span>${t("editor.leave")}</span>
    <button type="button" class="button small primary" @click=${stay}>${t("editor.stay")}</button>
    <button type="button" class="button small danger" @click=${app.closeEditor}>${t("editor.discard")}</button>
  </div>`;
}

export function voiceEditor(app, editor) {
  const title = editor.voice ? t("editor.change", { name: editor.voice.model_name }) : t("voice.new");
  const body = html`<header class="modal-head"><h2>${title}</h2>${iconButton({ icon: icons.close, label: t("close"), onClick: app.leaveEditor })}</header>
    ${editor.result
      ? outcome(app, editor)
      : html`<form
            class="editor"
            novalidate
            @submit=${(event) => {
              event.preventDefault();
              app.saveEditor();
            }}
          >
            <div class="editor-steps"><div>${clipStep(app, editor)}${wordsStep(app, editor)}${moreClips(app, editor)}</div>${whoStep(app, editor)}</div>
            <footer class="modal-foot">
              ${editor.asking ? askBeforeLeaving(app) : nothing}
              ${problem(editor.error)}<span class="grow"></span>
              <button type="button" class="button" @click=${app.closeEditor}>${t("cancel")}</button>
              <button type="submit" class="button primary ${editor.busy ? "busy" : ""}" ?disabled=${editor.busy}>${editor.busy ? t("editor.saving") : editor.voice ? t("editor.save") : t("editor.create")}</button>
            </footer>
          </form>`}`;
  return modal({ app, name: "voice-editor", label: title, onClose: app.leaveEditor, body });
}

// More clips of a voice in its editor: listed, heard, judged, added and taken away.
import { html, nothing, repeat } from "../lib/html.js";
import { lasting } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { MOST_CLIPS } from "../data/more-clips.js";
import { doctorLine, measurements } from "./doctor.js";
import { dropZone, filePicker, SOUNDS } from "./files.js";
import { icons } from "./icons.js";
import { iconButton, problem } from "./parts.js";

function row(app, editor, clip, index) {
  const name = clip.name ?? t("clips.name", { n: index + 1 });
  const playing = editor.clipHeard === clip.key;
  return html`<li class="segment clip-row">
    <button type="button" class="play small" aria-label=${playing ? t("pause") : t("clips.play", { name })} @click=${() => app.playMoreClip(clip)}>${playing ? icons.pause : icons.play}</button>
    <div class="grow">
      <p class="clip-name"><span class="ellipsis">${name}</span><small>${clip.reading ? t("clip.reading") : clip.seconds ? lasting(clip.seconds) : ""}</small></p>
      ${clip.measured ? measurements(clip.measured) : nothing} ${doctorLine(app, clip.report)}
      ${clip.unknown ? html`<small>${t("clip.unknown")}</small>` : nothing}
    </div>
    ${iconButton({ icon: icons.trash, label: t("clips.drop", { name }), onClick: () => app.dropMoreClip(clip.key) })}
  </li>`;
}

export function moreClips(app, editor) {
  const zone = dropZone(app.addClips);
  const { clips } = editor;
  return html`<details class="advanced more-clips" ?open=${editor.clipsOpen}>
    <summary>${icons.voices}<span>${t("clips.title")}</span>${clips.length ? html`<span class="badge">${clips.length}</span>` : nothing}${icons.down}</summary>
    <div class="more-clips-body" @dragover=${zone.over} @dragleave=${zone.leave} @drop=${zone.drop}>
      <p class="hint">${t("clips.hint", { most: MOST_CLIPS })}</p>
      ${clips.length ? html`<ul class="segments" aria-label=${t("clips.title")}>${repeat(clips, (one) => one.key, (one, index) => row(app, editor, one, index))}</ul>` : nothing}
      ${problem(editor.clipsError)}
      <div class="row">${filePicker({ id: "more-clips-file", accept: SOUNDS, label: t("clips.add"), take: app.addClips, multiple: true })}</div>
    </div>
  </details>`;
}

/** The service's verdicts after saving. */
export function moreVerdicts(app, { clips }) {
  const judged = clips.filter((one) => one.report);
  if (!judged.length) return nothing;
  return html`<h4>${t("clips.title")}</h4>
    <ul class="segments">
      ${judged.map(
        (one, index) => html`<li class="segment clip-row">
          <div class="grow"><p class="clip-name"><span>${t("clips.name", { n: index + 1 })}</span><small>${lasting(one.seconds)}</small></p>${doctorLine(app, one.report)}</div>
        </li>`,
      )}
    </ul>`;
}

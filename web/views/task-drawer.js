// Everything about one task: its text, segments, story, subtitles.
import { html, nothing, repeat } from "../lib/html.js";
import { clock, lasting, moment } from "../lib/format.js";
import { endedBy, errorWords, t } from "../lib/i18n.js";
import { cutCode, languageCode } from "../lib/language.js";
import { nameOf } from "../data/task-actions.js";
import "../elements/wave-form.js";
import { icons } from "./icons.js";
import { avatar, copyButton, iconButton, modal, problem } from "./parts.js";
import { taskButtons } from "./task-list.js";

const FOLDED_FROM = 12;
const FOLDED_TO = 8;

export function addDrawer(app) {
  const { store, api } = app;
  const path = (id, rest = "") => `voice-tasks/${encodeURIComponent(id)}${rest}`;
  let timer = 0;

  app.openDrawer = (id) => {
    store.set({ drawer: { id, task: app.feed.byId.get(id) ?? null, story: null, segments: null, allSegments: false, error: null, redoing: new Set(), segmentErrors: new Map() } });
    app.refreshDrawer();
  };
  app.closeDrawer = () => app.closed({ drawer: null });

  function patch(id, fields) {
    store.set((state) => (state.drawer?.id === id ? { drawer: { ...state.drawer, ...fields } } : {}));
  }

  app.refreshDrawer = async () => {
    const id = store.state.drawer?.id;
    if (!id) return;
    try {
      const [task, story, segments] = await Promise.all([
        api.get(path(id)),
        api.get(path(id, "/story")),
        api.get(path(id, "/segments")),
      ]);
      patch(id, { task, story, segments, error: null });
    } catch (error) {
      patch(id, { error });
    }
  };

  app.onTaskEvent = (id) => {
    if (store.state.drawer?.id !== id || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      app.refreshDrawer();
    }, 250);
  };

  app.redoSegment = async (id, index) => {
    const { redoing, segmentErrors } = store.state.drawer;
    redoing.add(index);
    segmentErrors.delete(index);
    store.touch();
    try {
      await api.post(path(id, `/segments/${index}/redo`));
      const before = app.feed.byId.get(id)?.result_url;
      app.media.forget(before);
      if (app.player.state.id === `task:${id}`) app.player.stop();
      app.say(t("segment.redone", { n: index + 1 }));
    } catch (error) {
      segmentErrors.set(index, error);
    } finally {
      redoing.delete(index);
      app.refreshDrawer();
    }
  };
}

function segmentRow(app, drawer, segment) {
  const { index: number, done } = segment;
  const id = `segment:${drawer.id}:${number}`;
  const playing = app.player.isPlaying(id);
  const busy = drawer.redoing.has(number);
  const error = drawer.segmentErrors.get(number) ?? app.store.state.rowErrors.get(id);
  // A segment that was spoken again keeps its path; the query makes it another sound to player and caches.
  const play = () => app.player.toggle({ id, address: `${segment.audio_url}?v=${segment.finished_at ?? ""}`, title: segment.text, subtitle: t("segment.name", { n: number + 1 }) });
  return html`<li class="segment ${busy ? "busy" : ""}">
    ${done
      ? html`<button type="button" class="play small" aria-label=${playing ? t("pause") : t("segment.play", { n: number + 1 })} @click=${play}>${playing ? icons.pause : icons.play}</button>`
      : html`<span class="place small">${number + 1}</span>`}
    <div class="grow">
      <p>${segment.text}</p>
      <small>
        ${done ? `${clock(segment.start)} – ${clock(segment.end)}` : t("segment.pending")}
        ${segment.attempts > 1 ? ` · ${t("segment.attempts", { n: segment.attempts })}` : ""}
      </small>
      ${segment.warning ? html`<p class="warning">${icons.warn}${segment.warning}</p>` : nothing}
      ${problem(error)}
    </div>
    ${done && drawer.task?.status === "done"
      ? iconButton({ icon: icons.retry, label: t("segment.redo", { n: number + 1 }), onClick: () => app.redoSegment(drawer.id, number), disabled: busy })
      : nothing}
  </li>`;
}

/** A book has hundreds of segments: the first few, the rest on demand and in a list of its own height. */
function segmentList(app, drawer) {
  const { segments, allSegments } = drawer;
  if (!segments?.length) return nothing;
  const folded = segments.length > FOLDED_FROM && !allSegments;
  const shown = folded ? segments.slice(0, FOLDED_TO) : segments;
  const open = () => {
    app.store.set({ drawer: { ...app.store.state.drawer, allSegments: true } });
    app.store.flush();
    document.querySelector(".drawer .segments")?.focus();
  };
  return html`<section><h3>${t("drawer.segments")}<span class="badge">${segments.length}</span></h3>
    <ol class="segments ${segments.length > FOLDED_FROM && allSegments ? "long" : ""}" tabindex=${allSegments ? "0" : nothing} aria-label=${t("drawer.segments")}>
      ${repeat(shown, (one) => one.index, (one) => segmentRow(app, drawer, one))}
    </ol>
    ${folded ? html`<button type="button" class="button small" @click=${open}>${icons.down}${t("drawer.segments.all", { n: segments.length })}</button>` : nothing}</section>`;
}

function storyLine(app, line) {
  const kind = line.kind;
  const detail = line.detail ?? {};
  const more = [
    (detail.code && errorWords(detail.code, detail.params)) || detail.reason,
    detail.index !== undefined && t("segment.name", { n: Number(detail.index) + 1 }),
    detail.segments !== undefined && t("story.segments", { n: detail.segments }),
    detail.attempt > 1 && t("segment.attempts", { n: detail.attempt }),
    detail.warning,
  ].filter(Boolean);
  const key = `story.${kind}`;
  const word = t(key);
  return html`<li class="kind-${kind}">
    <span class="bead"></span>
    <div><strong>${word === key ? kind : word}</strong>${more.length ? html`<p>${more.join(" · ")}</p>` : nothing}</div>
    <time>${moment(line.at, app.language())}</time>
  </li>`;
}

function facts(app, task) {
  const rows = [
    ["fact.id", html`<span class="copied">${task.task_id}${copyButton(app, task.task_id)}</span>`],
    ["fact.user", task.user_id],
    ["fact.language", t(`language.${languageCode(task.text_language)}`)],
    ["fact.cut", t(`cut.${cutCode(task.how_to_cut)}`)],
    ["fact.speed", task.speed],
    ["fact.seed", task.used_seed ?? task.seed],
    ["fact.version", task.version],
    ["fact.sampling", `k ${task.top_k} · p ${task.top_p} · T ${task.temperature} · r ${task.repetition_penalty}`],
    ["fact.created", moment(task.created_at, app.language())],
    ["fact.updated", moment(task.updated_at, app.language())],
  ];
  return html`<dl class="facts">
    ${rows.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([key, value]) => html`<div><dt>${t(key)}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

function reuse(app, task) {
  app.useTask(task, {
    text: task.text,
    voice: task.model_id ?? "",
    language: languageCode(task.text_language),
    cut: cutCode(task.how_to_cut),
    speed: task.speed ?? 1,
    topK: task.top_k ?? 5,
    topP: task.top_p ?? 1,
    temperature: task.temperature ?? 1,
    repetition: task.repetition_penalty ?? 1.35,
    refFree: Boolean(task.ref_free),
    seed: task.used_seed ?? "",
  });
}

export function taskDrawer(app, drawer) {
  const { task, story, error } = drawer;
  const { state } = app.player;
  const mine = task && state.id === `task:${task.task_id}`;
  const shape = task?.status === "done" ? app.media.shape(task.result_url) : null;
  const body = html`
    <header class="drawer-head">
      ${task ? avatar(app, app.library.voice(task.model_id) ?? task) : nothing}
      <div class="grow">
        <h2>${task ? nameOf(app, task) : drawer.id}</h2>
        ${task ? html`<small><span class="chip ${task.status}">${t(`status.${task.status}`)}</span> ${task.audio_seconds ? lasting(task.audio_seconds) : ""}</small>` : nothing}
      </div>
      ${task ? html`<div class="task-buttons">${taskButtons(app, task)}</div>` : nothing}
      ${iconButton({ icon: icons.close, label: t("close"), onClick: app.closeDrawer })}
    </header>
    <div class="drawer-body" tabindex="0" role="region" aria-label=${t("task.details")}>
      ${problem(error, { retry: app.refreshDrawer })}
      ${task?.error ? problem({ message: endedBy(task) }) : nothing}
      ${task?.status === "done"
        ? html`<div class="drawer-wave">
            <button type="button" class="play" aria-label=${mine && state.playing ? t("pause") : t("play")} @click=${() => app.playTask(task)}>${mine && state.playing ? icons.pause : icons.play}</button>
            <wave-form
              aria-label=${t("player.seek")}
              .peaks=${shape?.peaks ?? null}
              .seconds=${task.audio_seconds ?? 0}
              .progress=${mine && state.seconds ? state.time / state.seconds : 0}
              .seekable=${true}
              @seek=${(event) => app.playTask(task, event.detail)}
            ></wave-form>
          </div>`
        : nothing}
      ${task ? html`<blockquote>${task.text}</blockquote>` : nothing}
      ${task
        ? html`<div class="row wrap">
            <button type="button" class="button small" @click=${() => reuse(app, task)}>${icons.edit}${t("task.reuse")}</button>
            ${task.status === "done" ? ["srt", "vtt"].map((format) => html`<button type="button" class="button small" @click=${() => app.downloadTask(task, format)}>${icons.download}${t("task.subtitles", { format: format.toUpperCase() })}</button>`) : nothing}
          </div>`
        : nothing}
      ${segmentList(app, drawer)}
      ${task ? html`<section><h3>${t("drawer.facts")}</h3>${facts(app, task)}</section>` : nothing}
      ${story?.length ? html`<section><h3>${t("drawer.story")}</h3><ol class="story ${story.length > FOLDED_FROM ? "long" : ""}" tabindex=${story.length > FOLDED_FROM ? "0" : nothing} aria-label=${t("drawer.story")}>${story.map((line) => storyLine(app, line))}</ol></section>` : nothing}
    </div>
  `;
  return modal({ app, name: "drawer", label: t("task.details"), onClose: app.closeDrawer, body });
}

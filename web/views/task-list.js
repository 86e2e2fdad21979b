// The list of tasks: thousands scroll, those on the screen are alive.
import { css, html, keyed, live, nothing } from "../lib/html.js";
import { ago, clock, count, lasting } from "../lib/format.js";
import { endedBy, t } from "../lib/i18n.js";
import { percent } from "../data/tasks.js";
import { FORMATS, isCancelled, nameOf } from "../data/task-actions.js";
import "../elements/virtual-list.js";
import "../elements/wave-form.js";
import { icons } from "./icons.js";
import { avatar, empty, iconButton, problem, segmented } from "./parts.js";

const ui = { menu: "", timer: 0 };
const STATUSES = ["", "wait", "run", "done", "error"];
const OUTLINE_UP_TO = 90; // seconds; longer ones draw their outline when they are played

function mark(app, task) {
  if (task.status === "done") {
    const id = `task:${task.task_id}`;
    const playing = app.player.isPlaying(id);
    const busy = app.player.state.id === id && app.player.state.loading;
    return html`<button
      type="button"
      class="play ${busy ? "busy" : ""}"
      aria-label=${playing ? t("pause") : t("task.play", { text: task.text.slice(0, 60) })}
      @click=${() => app.playTask(task)}
    >${playing ? icons.pause : icons.play}</button>`;
  }
  if (task.status === "run") {
    return html`<div
      class="ring"
      role="progressbar"
      aria-label=${t("task.progress")}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${percent(task)}
      ${css({ "--progress": `${percent(task)}%` })}
    ><span>${percent(task)}</span></div>`;
  }
  if (task.status === "wait") return html`<div class="place" title=${t("task.position")}>${task.position ? `#${task.position}` : "…"}</div>`;
  return html`<div class="place bad">${isCancelled(task) ? icons.stop : icons.warn}</div>`;
}

function middle(app, task) {
  const error = app.store.state.rowErrors.get(task.task_id) ?? app.store.state.rowErrors.get(`task:${task.task_id}`);
  if (error) return html`<p class="row-error" role="alert">${error.message}</p>`;
  if (task.status === "done") {
    const { state } = app.player;
    const mine = state.id === `task:${task.task_id}`;
    const shape = app.media.shape(task.result_url, mine || (task.audio_seconds ?? 0) <= OUTLINE_UP_TO);
    return html`<wave-form
      aria-label=${t("player.seek")}
      .peaks=${shape?.peaks ?? null}
      .seconds=${task.audio_seconds ?? shape?.seconds ?? 0}
      .progress=${mine && state.seconds ? state.time / state.seconds : 0}
      .seekable=${mine}
      @click=${(event) => {
        if (mine) return;
        const box = event.currentTarget.getBoundingClientRect();
        app.playTask(task, (event.clientX - box.left) / box.width);
      }}
      @seek=${(event) => app.player.seek(event.detail)}
    ></wave-form>`;
  }
  if (task.status === "run") {
    return keyed(task.task_id, html`<div class="bar"><span ${css({ "--progress": String(percent(task) / 100) })}></span></div>
      <small>${t("task.segments", { done: task.segments_done ?? 0, total: task.total_segments || "?" })}${eta(task)}</small>`);
  }
  if (task.status === "wait") return html`<small>${task.position ? t("task.waiting", { n: task.position }) : t("status.wait")}${eta(task)}</small>`;
  return html`<p class="row-error">${isCancelled(task) ? t("task.was.cancelled") : endedBy(task) || t("status.error")}</p>`;
}

const eta = (task) => (task.eta_seconds ? ` · ${t("task.eta", { time: lasting(task.eta_seconds) })}` : "");

/** A menu closes when something else is pressed. */
export function closeMenuOutside(app) {
  document.addEventListener("pointerdown", (event) => {
    if (!ui.menu || event.target.closest?.(".menu.open")) return;
    ui.menu = "";
    app.store.touch();
  });
}

function downloadMenu(app, task) {
  const isOpen = ui.menu === task.task_id;
  const toggle = (openIt) => {
    ui.menu = openIt ? task.task_id : "";
    app.store.touch();
  };
  return html`<div
    class="menu ${isOpen ? "open" : ""}"
    @focusout=${(event) => isOpen && event.relatedTarget && !event.currentTarget.contains(event.relatedTarget) && toggle(false)}
    @keydown=${(event) => {
      if (event.key !== "Escape" || !isOpen) return;
      event.stopPropagation();
      toggle(false);
      event.currentTarget.querySelector("button").focus();
    }}
  >
    <button type="button" class="icon-button" aria-label=${t("download")} title=${t("download")} aria-expanded=${String(isOpen)} @click=${() => toggle(!isOpen)}>
      ${icons.download}
    </button>
    ${isOpen
      ? html`<div class="menu-list">
          ${FORMATS.map(
            (format) => html`<button type="button" @click=${() => {
              toggle(false);
              app.downloadTask(task, format);
            }}>${format.toUpperCase()}<small>${t(`format.${format}`)}</small></button>`,
          )}
        </div>`
      : nothing}
  </div>`;
}

export function taskButtons(app, task) {
  const ended = task.status === "done" || task.status === "error";
  return html`
    ${task.status === "done" ? downloadMenu(app, task) : nothing}
    ${task.status === "error" ? iconButton({ icon: icons.retry, label: t("task.retry"), onClick: () => app.retryTask(task) }) : nothing}
    ${ended
      ? iconButton({ icon: icons.trash, label: t("task.delete"), onClick: () => app.deleteTask(task) })
      : iconButton({ icon: icons.stop, label: t("task.cancel"), onClick: () => app.cancelTask(task) })}
  `;
}

function row(app, index) {
  const task = app.feed.at(index);
  if (!task) return html`<div class="task skeleton" aria-busy="true"></div>`;
  const name = nameOf(app, task);
  const open = () => app.openDrawer(task.task_id);
  return html`<article class="task ${task.status}" data-key="task:${task.task_id}" aria-label="${t(`status.${task.status}`)}: ${task.text.slice(0, 80)}">
    ${mark(app, task)}
    <div class="task-main">
      <button type="button" class="task-text" title=${t("task.details")} @click=${open}>${task.text}</button>
      <div class="task-live">${middle(app, task)}</div>
    </div>
    <div class="task-about">
      <span class="who" title=${task.model_id ?? ""}>${avatar(app, app.library.voice(task.model_id) ?? task, "tiny")}<span>${name}</span></span>
      <small>
        ${task.status === "done" && task.audio_seconds ? html`<span>${clock(Math.round(task.audio_seconds))}</span>` : html`<span class="status-word">${t(`status.${task.status}`)}</span>`}
        <time title=${task.task_id}>${ago(task.updated_at ?? task.created_at, app.language())}</time>
      </small>
    </div>
    <div class="task-buttons">
      ${taskButtons(app, task)}<span class="wide-only">${iconButton({ icon: icons.more, label: t("task.details"), onClick: open })}</span>
    </div>
  </article>`;
}

function filters(app) {
  const { filter } = app.feed;
  const change = (patch) => {
    app.tabDrafts.write("task-filter", { ...app.feed.filter, ...patch });
    app.feed.setFilter(patch);
  };
  const typed = (patch) => {
    clearTimeout(ui.timer);
    ui.timer = setTimeout(() => change(patch), 300);
  };
  return html`<div class="filters">
    ${segmented({
      name: "status",
      label: t("tasks.status"),
      value: filter.status,
      options: STATUSES.map((value) => ({ value, text: t(`status.${value || "all"}`) })),
      onPick: (status) => change({ status }),
    })}
    <div class="search narrow">
      ${icons.voices}
      <input
        id="filter-user"
        type="text"
        aria-label=${t("tasks.user")}
        placeholder=${t("tasks.user")}
        autocomplete="off"
        spellcheck="false"
        .defaultValue=${filter.user}
        @input=${(event) => typed({ user: event.target.value.trim() })}
      />
    </div>
    <div class="search">
      ${icons.search}
      <input
        id="task-search"
        type="search"
        aria-label=${t("tasks.search")}
        placeholder=${t("tasks.search")}
        autocomplete="off"
        spellcheck="false"
        .defaultValue=${filter.search}
        @input=${(event) => typed({ search: event.target.value.trim() })}
      />
    </div>
  </div>`;
}

export function taskList(app) {
  const { feed } = app;
  const filtered = feed.filter.user || feed.filter.search || feed.filter.status;
  const view = {
    count: feed.length,
    least: 640,
    gap: 8,
    renderItem: (index) => row(app, index),
    keyOf: (index) => feed.order[index] ?? `hole-${index}`,
    onRange(from, to) {
      app.range = { from, to };
      feed.ensure(from, to);
    },
  };
  return html`<section class="panel tasks" aria-labelledby="tasks-title">
    <header class="panel-head">
      <h2 id="tasks-title">${t("tasks.title")}</h2>
      ${feed.total === null ? nothing : html`<span class="badge">${count(feed.total, app.language())}</span>`}
    </header>
    ${filters(app)}
    ${problem(feed.error, { retry: () => feed.refresh(app.range.from, app.range.to) })}
    ${feed.total === null && !feed.error ? html`<div class="task-skeletons" aria-busy="true">${[1, 2, 3].map(() => html`<div class="task skeleton"></div>`)}</div>` : nothing}
    ${feed.total === 0 && feed.order.length === 0
      ? filtered
        ? empty({ icon: icons.search, title: t("tasks.none.filtered"), text: t("tasks.none.filtered.text"), action: html`<button type="button" class="button" @click=${app.clearFilter}>${t("tasks.filter.clear")}</button>` })
        : empty({ icon: icons.studio, title: t("tasks.none"), text: t("tasks.none.text") })
      : nothing}
    <virtual-list class="task-rows" role="list" aria-label=${t("tasks.title")} .view=${view}></virtual-list>
  </section>`;
}

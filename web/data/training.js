// Trainings: the sessions that there are, the one that is looked at, and what can be done with it.
import { t } from "../lib/i18n.js";

const ROOT = "gpt_sovits";
const EVERY = 2000;
const MOST = 100;

/** In the order in which they come in a training. */
export const STEPS = ["slice", "denoise", "asr", "format", "sovits_train", "gpt_train"];
export const ACTIVE = new Set(["wait", "run"]);

const part = (text) => encodeURIComponent(text);

/** A name that the service takes for folders and files: what a person typed without what a path is made of. */
export function nameFrom(text) {
  return text.replace(/[\p{C}\\/:*?"<>|]+/gu, " ").replace(/\s+/g, " ").trim().replace(/^[.\- ]+|[. ]+$/g, "").slice(0, 60);
}

/** Jobs, newest first, to one entry for each session with its newest job. */
export function sessionsOf(jobs) {
  const found = new Map();
  for (const job of jobs) if (!found.has(job.session_id)) found.set(job.session_id, job);
  return [...found.values()];
}

/** The artefacts of one kind, the newest last. */
export const artefacts = (session, kind, job) => (session?.artefacts ?? []).filter((one) => one.kind === kind && (!job || one.job === job));

/** Curves of a training: loss name -> points that have a number. */
export function curvesOf(points) {
  const curves = new Map();
  const put = (name, step, value) => {
    if (!Number.isFinite(value)) return;
    if (!curves.has(name)) curves.set(name, []);
    curves.get(name).push([step, value]);
  };
  for (const { step, losses = {}, learning_rate: rate, gradient_norm: norm } of points) {
    for (const [name, value] of Object.entries(losses)) put(name, step, value);
    put("learning_rate", step, rate);
    put("gradient_norm", step, norm);
  }
  return curves;
}

export function createTraining({ api, onChange, isWatched }) {
  const state = {
    sessions: null,
    error: null,
    id: "",
    session: null,
    sessionError: null,
    points: { sovits_train: [], gpt_train: [] },
    series: new Map(),
    log: null,
    busy: false,
    actionError: null,
    chosen: null, // version and rank that the next steps are to have
  };
  let timer = 0;
  const job = (id, rest = "") => `${ROOT}/jobs/${part(id)}${rest}`;

  async function load() {
    try {
      const { data } = await api.get(`${ROOT}/jobs`, { page_size: MOST });
      Object.assign(state, { sessions: sessionsOf(data), error: null });
    } catch (error) {
      state.error = error;
    }
    onChange();
  }

  async function loadSession() {
    const { id } = state;
    if (!id) return;
    try {
      const session = await api.get(job(id));
      if (id !== state.id) return;
      Object.assign(state, { session, sessionError: null });
      await loadCurves(session);
    } catch (error) {
      if (id === state.id) state.sessionError = error;
    }
    onChange();
  }

  async function loadCurves(session) {
    for (const kind of ["sovits_train", "gpt_train"]) {
      const step = session.steps.find((one) => one.kind === kind);
      if (!step || !Object.keys(step.losses).length) continue;
      const known = state.points[kind];
      const after = known.length && known.jobId === step.job_id ? known.at(-1).step : -1;
      if (after >= step.done) continue;
      const { points, job_id: jobId } = await api.get(job(state.id, "/metrics"), { kind, after });
      if (after >= 0 && !points.length) continue;
      const all = after < 0 ? points : [...known, ...points];
      all.jobId = jobId;
      state.points[kind] = all;
      state.series.set(kind, curvesOf(all));
    }
  }

  function watch() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const active = ACTIVE.has(state.session?.state) || state.sessions?.some((one) => ACTIVE.has(one.state));
      if (active && isWatched() && !document.hidden) await Promise.all([load(), loadSession()]);
      watch();
    }, EVERY);
  }

  /** Look at a session, or with "" at the list. */
  function open(id) {
    if (id !== state.id) {
      Object.assign(state, { id, session: null, sessionError: null, log: null, actionError: null, chosen: null });
      Object.assign(state, { points: { sovits_train: [], gpt_train: [] }, series: new Map() });
    }
    watch();
    return Promise.all([load(), loadSession()]);
  }

  async function act(work) {
    if (state.busy) return false;
    Object.assign(state, { busy: true, actionError: null });
    onChange();
    try {
      await work();
      return true;
    } catch (error) {
      state.actionError = error;
      return false;
    } finally {
      state.busy = false;
      await Promise.all([load(), loadSession()]);
    }
  }

  return {
    state,
    load,
    open,
    act,
    reload: () => Promise.all([load(), loadSession()]),
    steer: (verb) => act(() => api.post(job(state.id, `/${verb}`))),
    remove: () => act(() => api.remove(job(state.id))),
    choose(fields) {
      state.chosen = { ...state.chosen, ...fields };
      onChange();
    },
    start: (route, fields) => act(() => start(api, route, fields)),
    async readLog(kind) {
      try {
        const response = await api.raw(api.url(job(state.id, "/log"), kind ? { kind } : {}), { headers: api.headers(), cache: "no-store" });
        state.log = response.ok ? (await response.text()).split("\n").slice(-400).join("\n") : t("error.status", { status: response.status });
      } catch {
        state.log = t("error.network");
      }
      onChange();
    },
  };
}

/** These routes have answers of an older interface: `detail` says what is wrong. */
export async function start(api, route, fields) {
  const headers = { "Content-Type": "application/json", ...api.headers() };
  let response;
  try {
    response = await api.raw(api.url(`${ROOT}/${route}`), { method: "POST", headers, body: JSON.stringify(fields) });
  } catch {
    throw new Error(t("error.network"));
  }
  if (response.ok) return;
  const { detail } = (await response.json().catch(() => null)) ?? {};
  const words = Array.isArray(detail) ? detail.map(({ loc = [], msg = "" }) => `${loc.at(-1) ?? ""}: ${msg}`).join("\n") : detail;
  throw new Error(words || t("error.status", { status: response.status }));
}

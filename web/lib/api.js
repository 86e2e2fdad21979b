// Talking to the service: the envelope, errors as one type, the key in a header.

/** What went wrong, in the server's words where it had some. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, code?: number, kind?: string, reason?: string, params?: object,
   *   problems?: {field: string, message: string}[]}} about kind: network,
   *   key, missing, conflict, parameter, limit, server or aborted; reason: the service's word for programs, with what
   *   fills its sentence; problems: of single fields
   */
  constructor(message, { status = 0, code = 1, kind = "server", reason = "", params = {}, problems = [] } = {}) {
    super(message);
    this.problems = problems;
    this.reason = reason;
    this.params = params;
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.kind = kind;
  }
}

const KINDS = { 400: "parameter", 401: "key", 403: "key", 404: "missing", 409: "conflict", 413: "limit", 422: "parameter", 429: "limit" };

export function kindOf(status) {
  return KINDS[status] ?? "server";
}

/**
 * Take the data out of an envelope, or throw what it says: in the words of the page for its code where there are some,
 * else in the service's own.
 * @param {(code: string, params: object) => string} told words for a code, "" where there are none
 */
export function unwrap(status, body, fallback, told = () => "") {
  const enveloped = body !== null && typeof body === "object" && "code" in body;
  if (status >= 200 && status < 300 && (!enveloped || body.code === 0)) return enveloped ? body.data : body;
  const { code: reason = "", params = {} } = (enveloped && body.data?.error) || {};
  const said = (reason && told(String(reason), params ?? {})) || (enveloped ? String(body.message ?? "") : "");
  throw new ApiError(said || fallback(status), { status, code: enveloped ? body.code : 1, kind: kindOf(status), reason: String(reason), params: params ?? {}, problems: problemsIn(enveloped && body.data?.problems, told) });
}

/** What is wrong with single fields, in the words of the page where it has some. */
function problemsIn(problems, told) {
  if (!Array.isArray(problems)) return [];
  return problems.map(({ field, message, code, params }) => ({ field: String(field), message: told(String(code), params ?? {}) || String(message) }));
}

function queryString(query) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/**
 * @param {{base: URL | string, key: () => string, words: {network: () => string, status: (n: number) => string,
 *   told?: (code: string, params: object) => string, language?: () => string}, onRefused?: () => void, fetch?: typeof fetch}} options
 */
export function createApi({ base, key, words, onRefused = () => {}, fetch: fetcher = (...args) => fetch(...args) }) {
  function url(path, query) {
    return new URL(path.replace(/^\//, "") + queryString(query), base).href;
  }

  // The service answers absolute addresses, and paths from its root; behind a proxy only what follows the prefix is
  // true for this page.
  // Lists ask for the same ones on every rendering.
  const known = new Map();
  function own(address) {
    if (known.size > 2000) known.clear();
    if (!known.has(address)) {
      const there = new URL(address, base);
      const { pathname } = new URL(base);
      const path = there.pathname.startsWith(pathname) ? there.pathname.slice(pathname.length) : there.pathname;
      known.set(address, url(path + there.search));
    }
    return known.get(address);
  }

  function headers() {
    const secret = key();
    const language = words.language?.();
    return { "X-Requested-With": "gpt-sovits", ...(language ? { "Accept-Language": language } : {}), ...(secret ? { Authorization: `Bearer ${secret}` } : {}) };
  }

  async function send(method, path, { query, json, form, signal, keepalive, headers: extra } = {}) {
    const body = json !== undefined ? JSON.stringify(json) : form;
    const content = json !== undefined ? { "Content-Type": "application/json" } : {};
    try {
      return await fetcher(url(path, query), {
        method,
        body,
        signal,
        keepalive,
        headers: { Accept: "application/json", ...headers(), ...content, ...extra },
      });
    } catch (error) {
      const aborted = error?.name === "AbortError";
      throw new ApiError(aborted ? "" : words.network(), { kind: aborted ? "aborted" : "network" });
    }
  }

  async function request(method, path, options) {
    const response = await send(method, path, options);
    let body = null;
    try {
      const text = await response.text();
      body = text ? JSON.parse(text) : null;
    } catch {
      body = null;
    }
    if (response.status === 401) onRefused();
    return unwrap(response.status, body, words.status, words.told);
  }

  /** Fetch bytes; `address` may be absolute. Another method may be asked for. */
  async function blob(address, { method = "GET", ...options } = {}) {
    const response = await send(method, own(address).slice(new URL(base).href.length), {
      ...options,
      headers: { Accept: "*/*" },
    });
    if (response.status === 401) onRefused();
    if (!response.ok) {
      const body = await response.json().catch(() => null);
      return unwrap(response.status, body, words.status, words.told);
    }
    return response.blob();
  }

  return {
    url,
    own,
    headers,
    blob,
    get: (path, query, options) => request("GET", path, { ...options, query }),
    post: (path, json, options) => request("POST", path, { ...options, json: json ?? {} }),
    put: (path, json, options) => request("PUT", path, { ...options, json }),
    patch: (path, json, options) => request("PATCH", path, { ...options, json }),
    remove: (path, options) => request("DELETE", path, options),
    send: (method, path, form, options) => request(method, path, { ...options, form }),
    raw: fetcher,
  };
}

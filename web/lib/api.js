// Talking to the service: the envelope, errors as one type, the key in a header.

/** What went wrong, in the server's words where it had some. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, code?: number, kind?: string}} about kind: network, key, missing, conflict, parameter,
   *   limit, server or aborted
   */
  constructor(message, { status = 0, code = 1, kind = "server" } = {}) {
    super(message);
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

/** Take the data out of an envelope, or throw what it says. */
export function unwrap(status, body, fallback) {
  const enveloped = body !== null && typeof body === "object" && "code" in body;
  if (status >= 200 && status < 300 && (!enveloped || body.code === 0)) return enveloped ? body.data : body;
  const said = enveloped ? String(body.message ?? "") : "";
  throw new ApiError(said || fallback(status), { status, code: enveloped ? body.code : 1, kind: kindOf(status) });
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
 * @param {{base: URL | string, key: () => string, words: {network: () => string, status: (n: number) => string},
 *   onRefused?: () => void, fetch?: typeof fetch}} options
 */
export function createApi({ base, key, words, onRefused = () => {}, fetch: fetcher = (...args) => fetch(...args) }) {
  function url(path, query) {
    return new URL(path.replace(/^\//, "") + queryString(query), base).href;
  }

  // The service answers absolute addresses; behind a proxy only their path is true for this page.
  // Lists ask for the same ones on every rendering.
  const known = new Map();
  function own(address) {
    if (known.size > 2000) known.clear();
    if (!known.has(address)) {
      const there = new URL(address, base);
      known.set(address, url(there.pathname.replace(new URL(base).pathname, "/") + there.search));
    }
    return known.get(address);
  }

  function headers() {
    const secret = key();
    return secret ? { Authorization: `Bearer ${secret}` } : {};
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
    return unwrap(response.status, body, words.status);
  }

  /** Fetch bytes; `address` may be absolute. */
  async function blob(address, options = {}) {
    const response = await send("GET", own(address).slice(new URL(base).href.length), {
      ...options,
      headers: { Accept: "*/*" },
    });
    if (response.status === 401) onRefused();
    if (!response.ok) {
      const body = await response.json().catch(() => null);
      return unwrap(response.status, body, words.status);
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
    patch: (path, json, options) => request("PATCH", path, { ...options, json }),
    remove: (path, options) => request("DELETE", path, options),
    send: (method, path, form, options) => request(method, path, { ...options, form }),
    raw: fetcher,
  };
}

// The interface's document, browsable; the admin page's API key is sent along.
import { createDrafts } from "../lib/drafts.js";
import { createSettings } from "../data/settings.js";

const key = createSettings({ drafts: createDrafts(window.localStorage), onChange() {} }).values.key;

window.SwaggerUIBundle({
  url: new URL("openapi.json", new URL(".", location.href)).href,
  dom_id: "#routes",
  deepLinking: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor(request) {
    if (key) request.headers["X-API-Key"] = key;
    return request;
  },
});

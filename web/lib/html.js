// The one door to the vendored renderer. Text always lands in text nodes and properties, never in markup.
import { noChange } from "../vendor/lit-html/lit-html.js";
import { Directive, directive } from "../vendor/lit-html/directive.js";

export { AsyncDirective } from "../vendor/lit-html/async-directive.js";
export { directive } from "../vendor/lit-html/directive.js";
export { html, nothing, render, svg } from "../vendor/lit-html/lit-html.js";
export { repeat } from "../vendor/lit-html/directives/repeat.js";
export { live } from "../vendor/lit-html/directives/live.js";
export { ref } from "../vendor/lit-html/directives/ref.js";
export { keyed } from "../vendor/lit-html/directives/keyed.js";

// The content security policy forbids style attributes; properties set through the CSSOM are allowed.
class Css extends Directive {
  render() {
    return noChange;
  }

  update(part, [properties]) {
    for (const [name, value] of Object.entries(properties)) {
      if (this.last?.[name] !== value) part.element.style.setProperty(name, value);
    }
    this.last = properties;
    return noChange;
  }
}

/** `<div ${css({"--x": "1px"})}>` sets CSS properties without a style attribute. */
export const css = directive(Css);

// Elements and icons, made without a line of HTML in strings: nothing that a log says can become markup.

const SVG = "http://www.w3.org/2000/svg";

const apply = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return element;
};

export const el = (name, attributes = {}, ...children) => apply(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) => apply(document.createElementNS(SVG, name), attributes, children);

const PATHS = {
  pass: ["M12 2.8a9.2 9.2 0 1 0 0 18.4a9.2 9.2 0 0 0 0-18.4z", "m8 12.4 2.7 2.7 5.4-5.8"],
  fail: ["M12 2.8a9.2 9.2 0 1 0 0 18.4a9.2 9.2 0 0 0 0-18.4z", "m8.8 8.8 6.4 6.4m0-6.4-6.4 6.4"],
  warn: ["M12 3.2 2.6 19.8h18.8z", "M12 9.6v4.6m0 2.9v.1"],
  open: ["M12 2.8a9.2 9.2 0 1 0 0 18.4a9.2 9.2 0 0 0 0-18.4z", "M9.6 9.6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8m0 2.9v.1"],
  "n/a": ["M12 2.8a9.2 9.2 0 1 0 0 18.4a9.2 9.2 0 0 0 0-18.4z", "M8.4 12h7.2"],
  save: ["M12 3.5v11m-4-4 4 4 4-4", "M4.5 16.5v4h15v-4"],
  print: ["M7 8V3.5h10V8M7 17H4V8.5h16V17h-3", "M7 14h10v6.5H7z"],
};

export const icon = (name) => svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
  PATHS[name].map((d) => svg("path", { d })));

export const mark = () => svg("svg", { viewBox: "0 0 32 32", fill: "none", "aria-hidden": "true", focusable: "false" },
  svg("path", { d: "M3.5 23a12.5 12.5 0 0 1 25 0", stroke: "currentColor", "stroke-width": "4", "stroke-dasharray": "6.35 1.85" }),
  svg("path", { d: "M9.8 23a6.2 6.2 0 0 1 12.4 0", stroke: "currentColor", "stroke-width": "4", "stroke-dasharray": "5.3 1.8" }),
  svg("circle", { cx: "16", cy: "22.6", r: "2.4", fill: "#d88a00" }),
  svg("path", { d: "M3 28h26", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round" }));

// A technical line: English, from left to right, whatever the page's language.
export const tech = (text) => el("p", { class: "tech", lang: "en", dir: "ltr" }, text);

export const download = (name, text, type) => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

// Typesets the formulas of texts, with KaTeX and its fonts in one file: in the frame of a text, and in the page when it calls `agnezTypeset`.
import katex from "katex";

const style = document.createElement("style");
style.textContent = KATEX_STYLE;
document.head.append(style);

/** Bounds of what a formula may take: macros that are expanded, and the size of a part in em. */
const BOUNDS = { maxExpand: 1000, maxSize: 30 };

globalThis.agnezTypeset = (root) => {
  for (const one of root.querySelectorAll(".math:not([data-typeset])")) {
    one.dataset.typeset = "";
    katex.render(one.textContent, one, { ...BOUNDS, displayMode: one.classList.contains("math-display"), throwOnError: false, trust: false, strict: "ignore" });
  }
};
if ("typeset" in document.currentScript.dataset) globalThis.agnezTypeset(document);

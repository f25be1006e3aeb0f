"use strict";

/* Tables: a click on a heading sorts by its column, a second click turns the order round. */
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const numeric = heading.classList.contains("number");
      const first = numeric ? "descending" : "ascending";
      const second = numeric ? "ascending" : "descending";
      const order = heading.getAttribute("aria-sort") === first ? second : first;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...table.tBodies[0].rows].map((row) => [cellValue(row.cells[column], numeric), row]);
      rows.sort(([a], [b]) => compare(a, b, sign));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}

function cellValue(cell, numeric) {
  const text = cell.dataset.value ?? cell.textContent.trim();
  return numeric ? Number.parseFloat(text) : text;
}

function compare(a, b, sign) {
  if (typeof a === "string") return sign * a.localeCompare(b, undefined, { numeric: true });
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return sign * (a - b);
}

/* Figures of Plotly's are drawn when they come near the window, and follow the page's theme. */
const darkTheme = window.matchMedia("(prefers-color-scheme: dark)");
// The legend would leave no room for the figure: captions say what to do instead.
const narrowScreen = window.matchMedia("(max-width: 720px)");
// Between the margins of A4 and of Letter, in CSS pixels.
const PAPER_WIDTH = 680;
const interactive = [...document.querySelectorAll(".interactive")];
const isOnPaper = () => document.documentElement.classList.contains("on-paper");

function themeColours(layout) {
  const style = getComputedStyle(document.documentElement);
  const [ink, card, line] = ["--ink", "--card", "--line"].map((name) => style.getPropertyValue(name).trim());
  const colours = { "font.color": ink, "hoverlabel.bgcolor": card, "hoverlabel.bordercolor": line, "hoverlabel.font.color": ink };
  for (const key of Object.keys(layout)) {
    const axes = /^scene\d*$/.test(key) ? ["x", "y", "z"].map((axis) => `${key}.${axis}axis`) : /^[xy]axis\d*$/.test(key) ? [key] : [];
    for (const axis of axes) Object.assign(colours, { [`${axis}.gridcolor`]: line, [`${axis}.linecolor`]: line });
  }
  (layout.sliders ?? []).forEach((_, at) => Object.assign(colours, { [`sliders[${at}].font.color`]: ink, [`sliders[${at}].bordercolor`]: line, [`sliders[${at}].bgcolor`]: line }));
  (layout.updatemenus ?? []).forEach((_, at) => Object.assign(colours, { [`updatemenus[${at}].bgcolor`]: card, [`updatemenus[${at}].bordercolor`]: line }));
  return colours;
}

/* What of a layout depends on where it is shown: theme, narrow screen, paper. */
function fittingLayout(view, layout) {
  const least = layout.meta?.least_width ?? 0;
  const onPaper = isOnPaper();
  view.style.minWidth = least && !onPaper ? `${least}px` : "";
  view.style.width = onPaper ? `${Math.max(PAPER_WIDTH, least)}px` : "";
  view.style.zoom = onPaper ? Math.min(1, PAPER_WIDTH / least) : "";
  return { ...themeColours(layout), autosize: true, showlegend: narrowScreen.matches && !onPaper ? false : null };
}

function setPath(layout, path, value) {
  const keys = path.replaceAll("[", ".").replaceAll("]", "").split(".");
  const last = keys.pop();
  keys.reduce((part, key) => (part[key] ??= {}), layout)[last] = value;
}

function refit(view) {
  Plotly.relayout(view, fittingLayout(view, view.layout));
  // Paper does not wait for the browser's next frame.
  for (const name of view._fullLayout._subplots.gl3d ?? []) view._fullLayout[name]._scene.glplot.redraw();
}

function refitFigures() {
  interactive.filter((view) => view.dataset.drawn === "done").forEach(refit);
}
darkTheme.addEventListener("change", refitFigures);
narrowScreen.addEventListener("change", refitFigures);

// Plotly rejects a promise with nothing when an animation is paused.
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason === undefined) event.preventDefault();
});

async function drawFigure(view) {
  if (view.dataset.drawn) return;
  view.dataset.drawn = "begun";
  const begunOnPaper = isOnPaper();
  try {
    const figure = JSON.parse(document.getElementById(`${view.id}-data`).textContent);
    // A tall view shows less to the left and right: look from further away.
    const eye = narrowScreen.matches ? figure.layout.scene?.camera.eye : undefined;
    for (const axis of Object.keys(eye ?? {})) eye[axis] *= 1.6;
    // Plotly takes the size of its box, which a change of width leaves as high as it was.
    view.style.height = view.style.minHeight = `${figure.layout.height}px`;
    for (const [path, value] of Object.entries(fittingLayout(view, figure.layout))) setPath(figure.layout, path, value);
    await Plotly.newPlot(view, { ...figure, config: { responsive: true, displaylogo: false } });
    if (isOnPaper() !== begunOnPaper) refit(view);
    view.dataset.drawn = "done";
  } catch {
    const note = document.createElement("p");
    note.className = "no-view";
    note.textContent = "This browser cannot draw this figure: it needs WebGL.";
    view.replaceChildren(note);
    view.dataset.drawn = "failed";
  }
}

const nearWindow = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    nearWindow.unobserve(entry.target);
    drawFigure(entry.target);
  }
}, { rootMargin: "400px" });
window.addEventListener("load", () => interactive.forEach((view) => nearWindow.observe(view)));

/* Paper is white whatever the theme, and nobody can open or move anything on it. */
let openedForPaper = [];
window.addEventListener("beforeprint", () => {
  document.documentElement.classList.add("on-paper");
  openedForPaper = [...document.querySelectorAll("details:not([open])")];
  openedForPaper.forEach((details) => { details.open = true; });
  refitFigures();
  interactive.forEach(drawFigure);
});
window.addEventListener("afterprint", () => {
  document.documentElement.classList.remove("on-paper");
  openedForPaper.forEach((details) => { details.open = false; });
  refitFigures();
});

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

// Plotly rejects a promise with nothing when an animation is paused.
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason === undefined) event.preventDefault();
});

async function drawFigure(view) {
  if (view.dataset.drawn) return;
  view.dataset.drawn = "begun";
  try {
    const figure = JSON.parse(document.getElementById(`${view.id}-data`).textContent);
    if (view.clientWidth <= 640) figure.layout.showlegend = false;
    await Plotly.newPlot(view, { ...figure, config: { responsive: true, displaylogo: false } });
    await Plotly.relayout(view, themeColours(view.layout));
    darkTheme.addEventListener("change", () => Plotly.relayout(view, themeColours(view.layout)));
    view.dataset.drawn = "done";
  } catch {
    const note = document.createElement("p");
    note.className = "no-view";
    note.textContent = "This browser cannot draw this figure: it needs WebGL.";
    view.replaceChildren(note);
    view.dataset.drawn = "failed";
  }
}

const interactive = [...document.querySelectorAll(".interactive")];
const nearWindow = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    nearWindow.unobserve(entry.target);
    drawFigure(entry.target);
  }
}, { rootMargin: "400px" });
window.addEventListener("load", () => interactive.forEach((view) => nearWindow.observe(view)));
window.addEventListener("beforeprint", () => interactive.forEach(drawFigure));

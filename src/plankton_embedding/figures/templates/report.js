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

/* The three-dimensional view follows the page's theme. */
const view = document.getElementById("principal-components");
const darkTheme = window.matchMedia("(prefers-color-scheme: dark)");

function themeColours() {
  const style = getComputedStyle(document.documentElement);
  const [ink, card, line] = ["--ink", "--card", "--line"].map((name) => style.getPropertyValue(name).trim());
  const grid = ["x", "y", "z"].flatMap((axis) => [[`scene.${axis}axis.gridcolor`, line], [`scene.${axis}axis.linecolor`, line]]);
  return {
    "font.color": ink, "hoverlabel.bgcolor": card, "hoverlabel.bordercolor": line, "hoverlabel.font.color": ink,
    ...Object.fromEntries(grid),
  };
}

function drawView() {
  const figure = JSON.parse(document.getElementById("principal-components-figure").textContent);
  figure.layout.showlegend = view.clientWidth > 640;
  const options = { responsive: true, displaylogo: false };
  Plotly.newPlot(view, figure.data, figure.layout, options)
    .then(() => Plotly.relayout(view, themeColours()))
    .catch(noView);
  darkTheme.addEventListener("change", () => Plotly.relayout(view, themeColours()));
}

function noView() {
  const note = document.createElement("p");
  note.className = "no-view";
  note.textContent = "This browser cannot draw the three-dimensional view: it needs WebGL.";
  view.replaceChildren(note);
}

if (view) {
  window.addEventListener("load", () => {
    try { drawView(); } catch { noView(); }
  });
}

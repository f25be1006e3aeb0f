/* The data: columns of equal length, packed as little-endian numbers. */
const data = JSON.parse(document.getElementById("map-data").textContent);
const unpack = (Numbers, text) => new Numbers(Uint8Array.from(atob(text), (mark) => mark.charCodeAt(0)).buffer);
const xs = unpack(Float32Array, data.x);
const ys = unpack(Float32Array, data.y);
const labels = unpack(Uint16Array, data.labels);
const predicted = unpack(Uint16Array, data.predicted);
const splits = unpack(Uint8Array, data.splits);
const neighbours = unpack(Int32Array, data.neighbours);
const distances = unpack(Float32Array, data.distances);
const images = xs.length;
/* Drawn as if at random, so that no class covers all others. */
const drawingOrder = Uint32Array.from(xs.keys()).sort((a, b) => scatter(a) - scatter(b) || a - b);

const element = (id) => document.getElementById(id);
const stage = element("stage"), pointCanvas = element("points"), markCanvas = element("marks"), hoverBox = element("hover");
const nearPixels = 14, largestZoom = 400;
const view = { x: 0, y: 0, scale: 1, whole: 1 };
let size = { width: 0, height: 0, ratio: 1 };
let shown = drawingOrder, hovered = -1, pinned = -1, waiting = false, stale = false;

function scatter(row) {
  return Math.imul(row + 1, 2654435761) >>> 0;
}

/* What is shown: a class list, splits, only wrong ones. */
const hiddenClasses = new Set(), hiddenSplits = new Set();
const classRows = data.classes.map(([name], label) => makeClassRow(name, label));

function makeClassRow(name, label) {
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
  const count = make("span", "number", "");
  const only = Object.assign(make("button", "", "only"), { type: "button", title: `Only ${name}; again: all` });
  const holder = make("label", "", "", box, className(label));
  const row = make("li", "", "", holder, count, only);
  box.addEventListener("change", () => showClasses([label], box.checked));
  only.addEventListener("click", () => {
    const alone = !hiddenClasses.has(label) && hiddenClasses.size === classRows.length - 1;
    showClasses(data.classes.keys(), alone);
    showClasses([label], true);
  });
  return { row, box, count, name };
}

function make(tag, className, text, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(text, ...children);
  return made;
}

function showClasses(chosen, visible) {
  for (const label of chosen) {
    if (visible) hiddenClasses.delete(label); else hiddenClasses.add(label);
    classRows[label].box.checked = visible;
  }
  applyFilters();
}

function applyFilters() {
  const onlyWrong = element("only-wrong").checked;
  const counts = new Uint32Array(classRows.length);
  shown = drawingOrder.filter((row) => {
    if (hiddenSplits.has(splits[row]) || (onlyWrong && labels[row] === predicted[row])) return false;
    counts[labels[row]] += 1;
    return !hiddenClasses.has(labels[row]);
  });
  classRows.forEach(({ count }, label) => { count.textContent = counts[label].toLocaleString("en"); });
  element("shown").textContent = `${shown.length.toLocaleString("en")} of ${images.toLocaleString("en")} images shown`;
  element("nothing").hidden = shown.length > 0;
  if (hovered >= 0 && !shown.includes(hovered)) hover(-1);
  draw();
}

const foundClasses = () => [...classRows.keys()].filter((label) => !classRows[label].row.hidden);
element("classes").append(...classRows.map(({ row }) => row));
element("all-classes").addEventListener("click", () => showClasses(foundClasses(), true));
element("no-classes").addEventListener("click", () => showClasses(foundClasses(), false));
element("only-wrong").addEventListener("change", applyFilters);
element("find-class").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const { row, name } of classRows) row.hidden = !name.toLowerCase().includes(wanted);
});
for (const box of document.querySelectorAll("[data-split]")) {
  box.addEventListener("change", () => {
    if (box.checked) hiddenSplits.delete(Number(box.dataset.split)); else hiddenSplits.add(Number(box.dataset.split));
    applyFilters();
  });
}
element("find-image").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const wanted = event.target.value.trim().toLowerCase();
  const ids = data.image_ids.map((id) => id.toLowerCase());
  const row = ids.includes(wanted) ? ids.indexOf(wanted) : ids.findIndex((id) => id.includes(wanted));
  element("no-find").textContent = row < 0 ? "No image of this map has that in its id." : "";
  if (row >= 0 && wanted) { pin(row); bringIntoView(row); }
});

/* Pictures: a cut-out of a sheet of thumbnails. */
const sheets = data.sheets?.addresses.map(() => null);

function thumbnail(row) {
  if (!sheets) return "";
  const { across, addresses } = data.sheets;
  const sheet = Math.floor(row / across ** 2), tile = row % across ** 2;
  /* A short address: the browser would read the long one anew for each picture. */
  sheets[sheet] ??= URL.createObjectURL(new Blob([unpack(Uint8Array, addresses[sheet].split(",")[1])], { type: "image/jpeg" }));
  const picture = make("span", "thumbnail", "");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", data.image_ids[row]);
  picture.style.backgroundImage = `url("${sheets[sheet]}")`;
  picture.style.backgroundSize = `${100 * across}%`;
  picture.style.backgroundPosition = [tile % across, Math.floor(tile / across)].map((place) => `${(100 * place) / (across - 1)}%`).join(" ");
  return picture;
}

function className(label) {
  const [name, colour] = data.classes[label];
  /* A name may be broken after an underscore or a slash. */
  const parts = name.split(/(?<=[_/])(?![_/])/).flatMap((part) => [part, document.createElement("wbr")]);
  const text = make("span", "class-name", "", ...parts);
  text.style.setProperty("--colour", colour);
  return text;
}

function facts(row) {
  const right = labels[row] === predicted[row];
  const verdict = right ? "the same" : make("span", "wrong", "", className(predicted[row]));
  const entries = [["class", className(labels[row])], ["predicted", verdict], ["split", data.split_names[splits[row]]], ["image", data.image_ids[row]]];
  return make("dl", "facts", "", ...entries.map(([term, value]) => make("div", "", "", make("dt", "", term), make("dd", "", value))));
}

/* Pointing and pinning. */
function hover(row, left = 0, top = 0) {
  if (row !== hovered) {
    hovered = row;
    markCanvas.classList.toggle("on-image", row >= 0);
    hoverBox.hidden = row < 0;
    if (row >= 0) hoverBox.replaceChildren(thumbnail(row), facts(row));
    drawAbove();
  }
  if (row < 0) return;
  const { offsetWidth: width, offsetHeight: height } = hoverBox;
  const beside = left + 16 + width < size.width ? left + 16 : left - 16 - width;
  const x = Math.max(4, Math.min(beside, size.width - width - 4)), y = Math.max(4, Math.min(top - height / 2, size.height - height - 4));
  hoverBox.style.transform = `translate(${x}px, ${y}px)`;
}

function pin(row) {
  pinned = row;
  const details = element("details");
  const hint = "Click an image in the map, or choose one with the arrow keys and Enter: it is pinned here with its nearest neighbours.";
  if (row < 0) details.replaceChildren(make("h2", "", "Pinned image"), make("p", "", hint));
  else details.replaceChildren(...describePinned(row));
  details.scrollTop = 0;
  drawAbove();
}

function describePinned(row) {
  const release = Object.assign(make("button", "", "Unpin"), { type: "button" });
  release.addEventListener("click", () => { pin(-1); markCanvas.focus(); });
  const near = neighboursOf(row);
  const alike = near.filter(([other]) => labels[other] === labels[row]).length;
  return [
    make("div", "top", "", make("h2", "", "Pinned image"), release),
    make("div", sheets ? "pinned" : "pinned bare", "", thumbnail(row), facts(row)),
    make("h3", "", "Nearest neighbours"),
    make("p", "", near.length ? `${alike} of ${near.length} are of its class. Found in the embedding itself, in all its dimensions, among the images of this map; the nearest first.` : "There is no other image."),
    make("ol", "neighbours", "", ...near.map(([other, distance], rank) => make("li", "", "", neighbourButton(other, distance, rank + 1)))),
  ];
}

function neighboursOf(row) {
  const count = neighbours.length / images;
  return [...neighbours.subarray(row * count, (row + 1) * count)].map((other, rank) => [other, distances[row * count + rank]]);
}

function neighbourButton(row, distance, rank) {
  const about = `${data.split_names[splits[row]]} · distance ${distance.toPrecision(3)}`;
  const text = make("span", "text", "", className(labels[row]), make("small", "", about), make("small", "", data.image_ids[row]));
  const button = Object.assign(make("button", "", "", make("span", "rank", `${rank}`), thumbnail(row), text), { type: "button" });
  button.addEventListener("click", () => {
    pin(row);
    bringIntoView(row);
    element("details").querySelector("button").focus();
  });
  button.addEventListener("pointerenter", () => { hovered = row; drawAbove(); });
  button.addEventListener("pointerleave", () => { hovered = -1; drawAbove(); });
  return button;
}

/* The view: which part of the map is on the stage. */
const onStage = (row) => [size.width / 2 + (xs[row] - view.x) * view.scale, size.height / 2 - (ys[row] - view.y) * view.scale];

function showWhole() {
  const [left, right, low, high] = [least(xs), -least(xs.map((x) => -x)), least(ys), -least(ys.map((y) => -y))];
  view.x = (left + right) / 2;
  view.y = (low + high) / 2;
  /* The zoom buttons stand in a corner: no image lies under them. */
  const room = (span, pixels) => (span > 0 ? Math.max(pixels, 20) / span : Infinity);
  const scale = Math.min(room(right - left, size.width - 110), room(high - low, size.height - 50));
  view.scale = view.whole = Number.isFinite(scale) ? scale : 1;
  draw();
}

function least(numbers) {
  return numbers.reduce((a, b) => Math.min(a, b), Infinity);
}

function zoom(factor, left = size.width / 2, top = size.height / 2) {
  const scale = Math.max(view.whole / 2, Math.min(view.whole * largestZoom, view.scale * factor));
  /* What lies under the pointer stays there. */
  view.x += (left - size.width / 2) * (1 / view.scale - 1 / scale);
  view.y -= (top - size.height / 2) * (1 / view.scale - 1 / scale);
  view.scale = scale;
  draw();
}

function move(right, down) {
  view.x -= right / view.scale;
  view.y += down / view.scale;
  draw();
}

function bringIntoView(row) {
  const [left, top] = onStage(row);
  const outside = left < 20 || top < 20 || left > size.width - 20 || top > size.height - 20;
  if (outside) move(size.width / 2 - left, size.height / 2 - top);
}

function nearestShown(left, top, within) {
  let best = -1, least = within ** 2;
  for (const row of shown) {
    const across = size.width / 2 + (xs[row] - view.x) * view.scale - left;
    const down = size.height / 2 - (ys[row] - view.y) * view.scale - top;
    const squared = across * across + down * down;
    /* Of those in one place the topmost, which is drawn last. */
    if (squared <= least) { best = row; least = squared; }
  }
  return best;
}

/* Pointers: one moves the map or clicks, two zoom. */
const pointers = new Map();
let travelled = 0;

markCanvas.addEventListener("pointerdown", (event) => {
  markCanvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  travelled = pointers.size > 1 ? Infinity : 0;
});
markCanvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return hover(nearestShown(event.offsetX, event.offsetY, nearPixels), event.offsetX, event.offsetY);
  const [right, down] = [event.offsetX - before.offsetX, event.offsetY - before.offsetY];
  travelled += Math.abs(right) + Math.abs(down);
  if (travelled < 5) return undefined;
  hover(-1);
  markCanvas.classList.add("moving");
  const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
  if (other) {
    const apart = (pointer) => Math.hypot(pointer.offsetX - other.offsetX, pointer.offsetY - other.offsetY);
    zoom(apart(event) / Math.max(apart(before), 1), other.offsetX, other.offsetY);
  } else move(right, down);
  pointers.set(event.pointerId, event);
  return undefined;
});
markCanvas.addEventListener("pointerup", (event) => {
  if (travelled >= 5) return;
  const row = nearestShown(event.offsetX, event.offsetY, nearPixels);
  hover(row, event.offsetX, event.offsetY);
  pin(row);
});
for (const end of ["pointerup", "pointercancel"]) {
  markCanvas.addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    markCanvas.classList.remove("moving");
  });
}
markCanvas.addEventListener("pointerleave", () => hover(-1));
markCanvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
}, { passive: false });
element("zoom-in").addEventListener("click", () => zoom(1.5));
element("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
element("zoom-all").addEventListener("click", showWhole);

/* Keys. */
const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const keys = {
  "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: showWhole,
  Enter: () => hovered >= 0 && pin(hovered), " ": () => hovered >= 0 && pin(hovered),
  Escape: () => { hover(-1); pin(-1); },
};
markCanvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in directions) step(...directions[event.key]);
  else if (event.key in keys) keys[event.key]();
  else return;
  event.preventDefault();
});

function step(right, down) {
  const start = hovered >= 0 ? hovered : pinned;
  const row = start < 0 ? nearestShown(size.width / 2, size.height / 2, Infinity) : nextImage(start, right, down);
  if (row < 0) return;
  bringIntoView(row);
  hover(row, ...onStage(row));
  element("map-status").textContent = `${data.classes[labels[row]][0]}, predicted ${data.classes[predicted[row]][0]}, ${data.split_names[splits[row]]}, ${data.image_ids[row]}`;
}

function nextImage(start, right, down) {
  let best = -1, least = Infinity;
  for (const row of shown) {
    const across = xs[row] - xs[start], up = ys[row] - ys[start];
    const ahead = across * right - up * down, aside = Math.abs(across * down + up * right);
    /* Straight on is worth more than near. */
    if (ahead > 0 && aside <= ahead && ahead + 2 * aside < least) { best = row; least = ahead + 2 * aside; }
  }
  return best;
}

/* Drawing, when the browser next shows a picture: see embedding_map_drawing.js. */
const painter = webglPainter() ?? plainPainter();

function draw() {
  stale = true;
  drawAbove();
}

function drawAbove() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (stale) painter.paint(shown);
    stale = false;
    drawMarks();
  });
}

function fit() {
  const whole = view.scale === view.whole;
  size = { width: stage.clientWidth, height: stage.clientHeight, ratio: window.devicePixelRatio || 1 };
  for (const canvas of [pointCanvas, markCanvas]) {
    canvas.width = Math.round(size.width * size.ratio);
    canvas.height = Math.round(size.height * size.ratio);
  }
  if (whole) showWhole(); else draw();
}

/* At once too: an observer waits for the browser's first picture, and the map can be clicked before it. */
fit();
new ResizeObserver(fit).observe(stage);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
applyFilters();
pin(-1);

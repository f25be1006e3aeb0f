"use strict";

/* The marks of all images by WebGL 2: circles for the first split, diamonds for the second. */
const cornerShader = `#version 300 es
  in vec2 place;
  in vec4 look;
  uniform vec2 centre, scale;
  uniform float diameter;
  out vec4 seen;
  void main() {
    seen = look;
    gl_Position = vec4((place - centre) * scale, 0, 1);
    gl_PointSize = look.a > 0.5 ? 1.2 * diameter : diameter;
  }`;
const pixelShader = `#version 300 es
  precision highp float;
  in vec4 seen;
  uniform float diameter;
  out vec4 colour;
  void main() {
    vec2 from = abs(gl_PointCoord * 2.0 - 1.0);
    float far = seen.a > 0.5 ? from.x + from.y : length(from);
    float cover = 0.85 * clamp((1.0 - far) * diameter * 0.5, 0.0, 1.0);
    /* Darker at the rim, so that marks in a heap can be told apart. */
    colour = vec4(seen.rgb * cover * mix(1.0, 0.7, smoothstep(0.5, 0.95, far)), cover);
  }`;

function webglPainter() {
  const gl = pointCanvas.getContext("webgl2", { antialias: false });
  if (!gl) return null;
  let program = setUpProgram(gl);
  pointCanvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  pointCanvas.addEventListener("webglcontextrestored", () => { program = setUpProgram(gl); draw(); });
  return {
    paint: (rows) => {
      const place = (name) => gl.getUniformLocation(program, name);
      gl.viewport(0, 0, pointCanvas.width, pointCanvas.height);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(place("centre"), view.x, view.y);
      gl.uniform2f(place("scale"), (2 * view.scale) / size.width, (2 * view.scale) / size.height);
      gl.uniform1f(place("diameter"), markDiameter() * size.ratio);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW);
      gl.drawElements(gl.POINTS, rows.length, gl.UNSIGNED_INT, 0);
    },
  };
}

function setUpProgram(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, cornerShader], [gl.FRAGMENT_SHADER, pixelShader]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const looks = Uint8Array.from({ length: 4 * images }, (_, place) => {
    const row = place >> 2;
    return place % 4 < 3 ? channels(labels[row])[place % 4] : 255 * splits[row];
  });
  fillAttribute(gl, program, "place", Float32Array.from({ length: 2 * images }, (_, place) => (place % 2 ? ys : xs)[place >> 1]), gl.FLOAT);
  fillAttribute(gl, program, "look", looks, gl.UNSIGNED_BYTE);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  return program;
}

function fillAttribute(gl, program, name, values, kind) {
  const attribute = gl.getAttribLocation(program, name);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  gl.enableVertexAttribArray(attribute);
  gl.vertexAttribPointer(attribute, values.length / images, kind, true, 0, 0);
}

function channels(label) {
  return [1, 3, 5].map((place) => Number.parseInt(data.classes[label][1].slice(place, place + 2), 16));
}

/* Where a browser has no WebGL, as over many remote desktops: the same, slower. */
function plainPainter() {
  const pen = pointCanvas.getContext("2d");
  return {
    paint: (rows) => {
      pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
      pen.clearRect(0, 0, size.width, size.height);
      pen.globalAlpha = 0.85;
      for (const row of rows) drawDot(pen, row, markDiameter());
    },
  };
}

function markDiameter() {
  const whole = Math.max(4.5, 12 - 1.7 * Math.log10(images));
  return Math.min(16, whole * (view.scale / view.whole) ** 0.25);
}

function drawDot(pen, row, diameter) {
  const [left, top] = onStage(row), half = diameter / 2;
  pen.fillStyle = data.classes[labels[row]][1];
  pen.beginPath();
  if (splits[row]) {
    for (const [right, down] of [[half, 0], [0, half], [-half, 0], [0, -half]]) pen.lineTo(left + 1.2 * right, top + 1.2 * down);
  } else pen.arc(left, top, half, 0, 2 * Math.PI);
  pen.fill();
}

/* Above them: the pinned image, its neighbours by rank, and the one pointed at. */
function drawMarks() {
  const pen = markCanvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const [ink, card] = ["--ink", "--card"].map((name) => style.getPropertyValue(name).trim());
  pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  pen.clearRect(0, 0, size.width, size.height);
  pen.strokeStyle = ink;
  const near = pinned < 0 ? [] : neighboursOf(pinned).map(([row]) => row);
  pen.lineWidth = 1;
  pen.globalAlpha = 0.55;
  for (const row of near) {
    pen.beginPath();
    pen.moveTo(...onStage(pinned));
    pen.lineTo(...onStage(row));
    pen.stroke();
  }
  pen.globalAlpha = 1;
  const diameter = markDiameter();
  for (const row of [...near].reverse()) ring(pen, row, diameter, 1.2);
  if (pinned >= 0) ring(pen, pinned, diameter + 5, 2.5);
  if (hovered >= 0) ring(pen, hovered, diameter + 3, 2);
  pen.font = "600 11px system-ui, sans-serif";
  pen.lineWidth = 3;
  pen.strokeStyle = card;
  pen.fillStyle = ink;
  const written = [];
  near.forEach((row, rank) => {
    const [left, top] = onStage(row);
    if (written.some(([x, y]) => Math.abs(x - left) < 15 && Math.abs(y - top) < 11)) return;
    written.push([left, top]);
    pen.strokeText(rank + 1, left + 6, top - 5);
    pen.fillText(rank + 1, left + 6, top - 5);
  });
}

function ring(pen, row, diameter, width) {
  drawDot(pen, row, diameter);
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(...onStage(row), diameter * 0.65 + 1, 0, 2 * Math.PI);
  pen.stroke();
}

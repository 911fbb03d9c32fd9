// The gates of a network over a piece: maps of all units, and the course of those that are chosen.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const values = data.layers.map((layer) =>
    Object.fromEntries(Object.entries(layer).map(([name, one]) => [name, { ...one, cells: bytes(one.cells) }])));
  const layerChoice = document.getElementById("layer");
  const nameChoice = document.getElementById("quantity");
  const map = document.getElementById("map");
  const mapLabel = document.getElementById("map-label");
  const traces = document.getElementById("traces");
  const HEIGHT = 70;
  const ratio = Math.min(window.devicePixelRatio || 1, 2);

  const colour = (name) => {
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const blend = (a, b, share) => a.map((x, k) => x + (b[k] - x) * share);

  // 256 colours: of a gate from 0 to 1, of a state from far below 0 to far above.
  const ramp = (isGate) => {
    const [mid, up, down, ink] = ["--mid", "--up", "--down", "--accent"].map(colour);
    return Array.from({ length: 256 }, (_, k) => {
      if (isGate) return blend(mid, ink, k / 255);
      const share = (k - 127.5) / 127.5;
      return blend(mid, share > 0 ? up : down, Math.abs(share));
    });
  };

  const sized = (canvas, height) => {
    canvas.width = Math.round(data.width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${data.width}px`;
    canvas.style.height = `${height}px`;
    const at = canvas.getContext("2d");
    at.scale(ratio, ratio);
    return at;
  };

  const bars = (at, height) => {
    at.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--soft");
    at.globalAlpha = 0.5;
    at.beginPath();
    for (const x of data.bars) { at.moveTo(x, 0); at.lineTo(x, height); }
    at.stroke();
    at.globalAlpha = 1;
  };

  const drawMap = () => {
    const layer = Number(layerChoice.value);
    const one = values[layer][nameChoice.value];
    const columns = data.edges.length - 1;
    const small = document.createElement("canvas");
    small.width = columns;
    small.height = one.units.length;
    const picture = small.getContext("2d").createImageData(columns, one.units.length);
    const colours = ramp(one.gate);
    for (let row = 0; row < one.units.length; row += 1) {
      for (let t = 0; t < columns; t += 1) {
        const [r, g, b] = colours[one.cells[row * columns + t]];
        picture.data.set([r, g, b, 255], 4 * (row * columns + t));
      }
    }
    small.getContext("2d").putImageData(picture, 0, 0);
    const rowPx = Math.max(2, Math.min(8, 420 / one.units.length));
    const height = rowPx * one.units.length;
    const at = sized(map, height);
    at.imageSmoothingEnabled = false;
    for (let t = 0; t < columns; t += 1) {
      at.drawImage(small, t, 0, 1, one.units.length, data.edges[t], 0, data.edges[t + 1] - data.edges[t] + 0.3, height);
    }
    bars(at, height);
    const groups = one.groups.map(([name, n]) => `${n} ${name}`).join(", ");
    mapLabel.textContent = `${one.title}, layer ${layer}; units from the top: ${groups}`;
    map.onclick = (event) => {
      const row = Math.floor(event.offsetY / rowPx);
      if (row < one.units.length) addTrace(layer, nameChoice.value, one.units[row], "");
    };
  };

  const addTrace = (layer, name, unit, words) => {
    const one = values[layer][name];
    const row = one.units.indexOf(unit);
    if (row < 0) return;
    const box = document.createElement("div");
    const label = document.createElement("div");
    label.className = "lane";
    const close = document.createElement("button");
    close.textContent = "×";
    close.setAttribute("aria-label", "take this unit away");
    close.onclick = () => box.remove();
    label.append(close, ` ${one.title}, layer ${layer}, unit ${unit}${words ? `: ${words}` : ""}`);
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label.textContent);
    box.append(label, canvas);
    traces.append(box);
    const draw = () => {
      const at = sized(canvas, HEIGHT);
      bars(at, HEIGHT);
      line(at, one, row, one.gate ? "--accent" : "--up", 1.3);
      const forget = values[layer].f;
      const behind = forget && !one.gate ? forget.units.indexOf(unit) : -1;
      if (behind >= 0) line(at, forget, behind, "--accent", 0.6);
    };
    draw();
    redraw.push(draw);
  };

  const line = (at, one, row, name, width) => {
    const columns = data.edges.length - 1;
    at.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
    at.lineWidth = width;
    at.beginPath();
    for (let t = 0; t < columns; t += 1) {
      const y = HEIGHT - 5 - (HEIGHT - 10) * one.cells[row * columns + t] / 255;
      at.lineTo(data.edges[t], y);
      at.lineTo(data.edges[t + 1], y);
    }
    at.stroke();
  };

  const redraw = [drawMap];
  layerChoice.onchange = drawMap;
  nameChoice.onchange = drawMap;
  for (const button of document.querySelectorAll("button[data-unit]")) {
    const { layer, quantity, unit, words } = button.dataset;
    button.onclick = () => {
      addTrace(Number(layer), quantity, Number(unit), words);
      traces.lastElementChild.scrollIntoView({ block: "nearest" });
    };
    if (button.dataset.shown) button.onclick();
  }
  window.scrollTo(0, 0);
  drawMap();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw.forEach((draw) => draw()));
})();

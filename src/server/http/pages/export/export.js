// Zooms line charts along x: a drag selects a range, Ctrl and the wheel zoom at the pointer, a double click shows everything; the arrows, +, -
// and 0 do so by keys. And gives frames the height that their content has.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  // The deepest zoom: the drawing has some thousand points in a row.
  const MIN_SPAN = 0.002;

  // A turn of the wheel without a pause of this length is one movement, in ms.
  const WHEEL_IDLE = 300;

  // The chart that the movement of the wheel zooms, which has begun over it; null while it scrolls the page.
  let zoomed = null;
  let turned = -WHEEL_IDLE;
  const beginsWheel = ({ timeStamp }) => timeStamp - turned > WHEEL_IDLE;
  addEventListener("wheel", (event) => {
    if (beginsWheel(event)) zoomed = null;
    turned = event.timeStamp;
  }, { passive: true });

  const percent = (text) => (/^-?[\d.]+(e-?\d+)?%$/.test(text ?? "") ? Number.parseFloat(text) / 100 : null);

  // The number that a label shows; NaN for a time or another text.
  const numberOf = (label) => {
    const [, digits, prefix] = /^([−-]?[\d.,\s]+(?:e[+−-]?\d+)?)([kMGT]?)$/.exec(label.trim()) ?? [];
    const scale = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }[prefix ?? ""];
    return digits ? Number(digits.replace(/[\s,]/g, "").replaceAll("−", "-")) * scale : Number.NaN;
  };

  // As the axes of the page have it: from five digits on in groups of three.
  const written = (number, digits) => {
    const [whole, decimals] = (Math.abs(number) < 1e15 ? number.toFixed(digits) : number.toPrecision(6)).split(".");
    const grouped = whole.replace("-", "").length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
    return decimals ? `${grouped}.${decimals}` : grouped;
  };

  class Chart {
    constructor(box) {
      this.box = box;
      this.axes = box.querySelector("svg > svg");
      this.plot = this.axes?.querySelector("svg[viewBox]");
      if (!this.plot) return;
      [, , this.units, this.height] = this.plot.getAttribute("viewBox").split(" ").map(Number);
      [this.from, this.to] = [0, 1];
      this.parts = [...this.axes.children].filter((part) => this.moves(part)).map((part) => [part, this.placesOf(part)]);
      this.ticks();
      this.listen();
    }

    // Whether an element stands at a place along x, and not at an end of the plot for every window.
    moves(part) {
      if (part === this.plot || part.getAttribute("width") === "100%") return false;
      if (part.getAttribute("x1") === "0%" && part.getAttribute("x2") === "100%") return false;
      const isPlate = (element) => element?.tagName === "rect" && element.hasAttribute("transform");
      // A plate goes with its text.
      const text = isPlate(part) ? part.nextElementSibling : part;
      const [[, place] = []] = this.placesOf(text);
      if (place === undefined) return false;
      const isAtSide = place === 0 || place === 1;
      if (text.tagName !== "text" || !isAtSide) return !text.classList.contains("k") || isPlate(text.previousElementSibling);
      // What stands at a side of the plot for every window, but for a label of the x axis.
      const isEnd = text.getAttribute("text-anchor") === "end";
      const isOfX = isEnd ? place === 1 && this.axes.querySelector('line.g[x1="100%"][x2="100%"]') : true;
      return !text.classList.contains("k") && !isPlate(text.previousElementSibling) && Boolean(isOfX);
    }

    placesOf(part) {
      const places = ["x", "x1", "x2"].map((name) => [name, percent(part.getAttribute(name))]);
      return places.filter(([, place]) => place !== null);
    }

    // The labels of the x axis, if they are numbers on a line, and what a new one is copied from.
    ticks() {
      const lines = this.parts.filter(([part]) => part.tagName === "line" && part.classList.contains("g"));
      const labels = this.parts.filter(([part]) => part.tagName === "text" && lines.some(([, places]) => places[0][1] === percent(part.getAttribute("x"))));
      const found = labels.map(([part, places]) => [places[0][1], numberOf(part.textContent)]);
      if (found.length < 2 || found.some(([, value]) => !Number.isFinite(value))) return;
      const [[first, low], [last, high]] = [found[0], found.at(-1)];
      const valueAt = (place) => low + ((place - first) / (last - first)) * (high - low);
      const isLinear = found.every(([place, value]) => Math.abs(valueAt(place) - value) <= 0.02 * Math.abs(high - low));
      if (!isLinear) return;
      const own = new Set([...lines, ...labels].map(([part]) => part));
      this.scale = { low, first, per: (high - low) / (last - first), line: lines[0][0], label: labels[0][0] };
      this.made = [...own];
      this.parts = this.parts.filter(([part]) => !own.has(part));
    }

    drawTicks() {
      const { low, first, per, line, label } = this.scale;
      const valueAt = (place) => low + (place - first) * per;
      const [begin, end] = [valueAt(this.from), valueAt(this.to)];
      const rough = (end - begin) / 5;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
      const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
      this.made.forEach((part) => part.remove());
      this.made = [];
      for (let at = Math.ceil(begin / step); at * step <= end; at++) {
        const place = `${100 * this.windowed(first + (at * step - low) / per)}%`;
        const [tick, text] = [line.cloneNode(), label.cloneNode()];
        tick.setAttribute("x1", place);
        tick.setAttribute("x2", place);
        text.setAttribute("x", place);
        text.textContent = written(at * step, digits);
        this.axes.insertBefore(tick, this.plot);
        this.axes.insertBefore(text, this.plot);
        this.made.push(tick, text);
      }
    }

    windowed(place) {
      return (place - this.from) / (this.to - this.from);
    }

    show(from, to) {
      const span = Math.min(1, Math.max(MIN_SPAN, to - from));
      this.from = Math.min(1 - span, Math.max(0, from));
      this.to = this.from + span;
      this.plot.setAttribute("viewBox", `${this.from * this.units} 0 ${span * this.units} ${this.height}`);
      for (const [part, places] of this.parts) {
        places.forEach(([name, place]) => part.setAttribute(name, `${100 * this.windowed(place)}%`));
        const at = this.windowed(places[0][1]);
        part.style.display = at < -1e-6 || at > 1 + 1e-6 ? "none" : "";
      }
      if (this.scale) this.drawTicks();
    }

    // The place of the pointer in the plot, 0 to 1.
    placeOf(event) {
      const { left, width } = this.box.firstElementChild.getBoundingClientRect();
      const margin = Number.parseFloat(/([\d.]+)px\)/.exec(this.axes.getAttribute("width"))?.[1] ?? 0);
      const start = left + Number(this.axes.getAttribute("x"));
      return Math.min(1, Math.max(0, (event.clientX - start) / (width - margin)));
    }

    zoom(factor, at) {
      const span = (this.to - this.from) * factor;
      const middle = this.from + at * (this.to - this.from);
      this.show(middle - at * span, middle + (1 - at) * span);
    }

    listen() {
      const { box } = this;
      box.tabIndex = 0;
      box.addEventListener("wheel", (event) => {
        // A chart in passing lets the page scroll, and so does one that shows all and cannot be zoomed out.
        const takes = document.activeElement === box && (event.deltaY < 0 || this.to - this.from < 1);
        if (event.ctrlKey || event.metaKey) zoomed = this;
        else if (beginsWheel(event)) zoomed = takes ? this : null;
        turned = event.timeStamp;
        if (zoomed !== this) return;
        event.preventDefault();
        this.zoom(1.0015 ** event.deltaY, this.placeOf(event));
      }, { passive: false });
      box.addEventListener("dblclick", () => this.show(0, 1));
      box.addEventListener("pointerdown", (event) => this.select(event));
      box.addEventListener("keydown", (event) => {
        const step = (this.to - this.from) / 4;
        const move = { ArrowLeft: -step, ArrowRight: step }[event.key];
        if (move) this.show(this.from + move, this.to + move);
        else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 0.5 : 2, 0.5);
        else if (event.key === "0") this.show(0, 1);
        else return;
        event.preventDefault();
      });
    }

    // A drag selects what is shown next.
    select(event) {
      if (event.button !== 0) return;
      const { box, axes } = this;
      const begin = this.placeOf(event);
      const area = document.createElementNS(SVG, "rect");
      area.setAttribute("class", "selected");
      area.setAttribute("y", this.plot.getAttribute("y"));
      area.setAttribute("height", this.height);
      axes.append(area);
      box.setPointerCapture(event.pointerId);
      const ends = (event) => [begin, this.placeOf(event)].sort((a, b) => a - b);
      const move = (event) => {
        const [from, to] = ends(event);
        area.setAttribute("x", `${100 * from}%`);
        area.setAttribute("width", `${100 * (to - from)}%`);
      };
      const finish = (event) => {
        area.remove();
        box.removeEventListener("pointermove", move);
        const [from, to] = ends(event);
        const span = this.to - this.from;
        if (event.type === "pointerup" && to - from > 0.01) this.show(this.from + from * span, this.from + to * span);
      };
      box.addEventListener("pointermove", move);
      for (const type of ["pointerup", "pointercancel"]) box.addEventListener(type, finish, { once: true });
    }
  }

  document.querySelectorAll("[data-zooms]").forEach((box) => new Chart(box));

  addEventListener("message", ({ source, data }) => {
    const frame = [...document.querySelectorAll("iframe")].find((frame) => frame.contentWindow === source);
    if (frame && data?.agnez === "height" && data.height > 0) frame.style.height = `${Math.min(5000, data.height)}px`;
  });
})();

// Draws the charts when they come into view, in the colours of the page.
(async () => {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const all = await unpacked(data);
  const drawn = new Set();
  readColours();

  function repaint() {
    readColours();
    for (const model of [...drawn].flatMap((doc) => [...doc.all_models])) {
      if (model.type.endsWith("Axis")) model.setv(axisColours);
      else if (model.type === "Grid") model.setv(gridColours);
    }
  }

  async function embed(figure, place) {
    const doc = {version: Bokeh.version, title: "", roots: [figure]};
    const item = {docid: "chart", roots: {[figure.id]: place}, root_ids: [figure.id]};
    const [manager] = await Bokeh.embed.embed_items({chart: doc}, [item]);
    const [view] = manager.roots;
    drawn.add(view.model.document);
    place.view = view;
    return view.model;
  }

  function swatch(colour, dash = "") {
    const svg = "http://www.w3.org/2000/svg";
    const [picture, line] = ["svg", "line"].map((name) => document.createElementNS(svg, name));
    picture.setAttribute("aria-hidden", "true");
    picture.style.color = colour;
    for (const [key, value] of Object.entries({x1: 0, y1: 5, x2: 18, y2: 5})) {
      line.setAttribute(key, value);
    }
    if (dash) line.setAttribute("stroke-dasharray", dash);
    picture.append(line);
    return picture;
  }

  const word = (text) => element("span", {class: "word"}, text);
  const own = (text) => element("bdi", {}, text);

  // The entry of a curve in the legend: a click takes the curve away and brings it back.
  function entry(curve) {
    const button = element("button", {type: "button", "aria-pressed": "true"},
      swatch(curve.colour), own(curve.label));
    button.addEventListener("click", () => {
      if (!curve.drawn_by) return; // the chart is still to be made
      const visible = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(visible));
      for (const doc of drawn) {
        for (const id of curve.drawn_by) doc.get_model_by_id(id)?.setv({visible});
      }
    });
    return element("li", {}, button);
  }

  // What is drawn of a piece of evidence: where, the point that decided, the limit, the noise.
  function told(axis, {start, end, point, broken, noise, limit}) {
    const short = (value) => Number(value.toPrecision(4));
    const span = short(start) === short(end) ? "" : ` to ${short(end)}`;
    const value = point && (broken ? "not finite" : short(point[1]));
    const ring = point ? `; ringed: ${value} at ${axis} ${short(point[0])}` : "";
    const band = noise ? `; band: the noise of the curve, ± ${short(noise)}` : "";
    const dashes = limit === undefined ? "" : `; dashed: the limit, ${short(limit)}`;
    return `${axis} ${short(start)}${span}${ring}${dashes}${band}`;
  }

  function legend(chart) {
    const items = chart.curves.filter(({faint}) => !faint).map(entry);
    if (chart.curves.some(({crosses}) => crosses)) {
      const cross = element("span", {class: "error"}, word("×"));
      items.push(element("li", {}, cross, " not finite, at the last finite height"));
    }
    if (chart.best) items.push(element("li", {}, swatch("", "2 3"), chart.best[1]));
    chart.marks.forEach((mark, i) => items.push(element(
      "li", {class: mark.severity}, word(String(i + 1)), " ", own(`${mark.rule}: ${mark.text}`),
      ` (${told(chart.x_label, mark)})`)));
    return element("ul", {class: "legend"}, ...items);
  }

  // Charts over the same kind of x zoom together. Each is a document of its own, so that the first
  // can be seen and used before the others are made; so their ranges tell each other.
  function linked(range, others) {
    const tell = () => {
      for (const {x_range} of others) x_range.setv({start: range.start, end: range.end});
    };
    range.properties.start.change.connect(tell);
    range.properties.end.change.connect(tell);
  }

  const idle = () => new Promise((done) => {
    if (window.requestIdleCallback) requestIdleCallback(done, {timeout: 500});
    else setTimeout(done, 0);
  });

  async function drawGroup(place) {
    const charts = all.groups[place.dataset.charts];
    if (!charts) return;
    const slots = charts.map(({id}) => element("div", {class: id === "rate" ? "chart low" : "chart"}));
    place.replaceChildren(...charts.map((chart, i) => element(
      "figure", {},
      element("figcaption", {}, own(chart.title), chartButtons(slots[i])),
      legend(chart), slots[i])));
    const made = {};
    for (const [i, chart] of charts.entries()) {
      if (i) await idle();
      const alike = charts.filter(({x_label}) => x_label === chart.x_label);
      const range = model("Range1d", extent(all, alike));
      const figure = await embed(chartFigure(all, chart, range), slots[i]);
      const others = made[chart.x_label] ??= [];
      if (others.length) {
        const {start, end} = others[0].x_range; // it may have been zoomed by now
        figure.x_range.setv({start, end});
      }
      others.push(figure);
      linked(figure.x_range, others);
    }
  }

  async function drawOverview(place) {
    place.parentElement.querySelector("figcaption").append(chartButtons(place));
    const figure = await embed(overviewFigure(all), place);
    figure.on_event("tap", (event) => {
      const anchor = runAt(all, figure, event);
      if (anchor) location.hash = anchor;
      if (anchor) unfold();
    });
  }

  async function draw(place) {
    watcher.unobserve(place);
    if (place.dataset.drawn) return;
    place.dataset.drawn = "begun";
    if (place.dataset.charts === "overview") {
      await drawOverview(place);
    } else {
      if (data.records) place.after(...await recordOf(data, place.dataset.charts));
      await drawGroup(place);
    }
    place.dataset.drawn = "done";
  }

  const places = [...document.querySelectorAll("[data-charts]")];
  const watcher = new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) if (isIntersecting) draw(target);
  }, {rootMargin: "400px"});
  // A folded run draws as it opens: to watch a thousand of them takes time in every frame.
  for (const place of places) {
    const fold = place.closest("details.run");
    if (!fold) watcher.observe(place);
    else fold.addEventListener("toggle", () => { if (fold.open) draw(place); });
  }

  // A link to a folded run opens it.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }
  addEventListener("hashchange", unfold);
  // The link to where the page already stands changes no hash.
  document.addEventListener("click", ({target}) => {
    const link = target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) unfold();
  });
  unfold();

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

  // On paper a chart is a picture as wide as the page: Bokeh would lay it out anew too late.
  addEventListener("beforeprint", () => {
    for (const slot of document.querySelectorAll(".chart")) {
      if (!slot.view || !slot.clientWidth) continue;
      slot.append(element("img", {src: slot.view.export("png").canvas.toDataURL(), alt: ""}));
      slot.classList.add("printed");
    }
  });
  addEventListener("afterprint", () => {
    for (const slot of document.querySelectorAll(".chart.printed")) {
      slot.lastElementChild.remove();
      slot.classList.remove("printed");
    }
  });

  // For paper all charts have to be there before they are asked for; of many runs none is folded out.
  for (const place of places.filter((one) => !one.closest("details.run"))) {
    await idle();
    await draw(place);
  }
})();

// Draws the charts when they come into view, in the colours of the page.
(async () => {
  const all = await unpacked(JSON.parse(document.getElementById("chart-data").textContent));
  const drawn = new Set();
  readColours();

  function repaint() {
    readColours();
    for (const model of [...drawn].flatMap((doc) => [...doc.all_models])) {
      if (model.type.endsWith("Axis")) model.setv(axisColours);
      else if (model.type === "Grid") model.setv(gridColours);
    }
  }

  async function embed(figures, places) {
    const doc = {version: Bokeh.version, title: "", roots: figures};
    const roots = Object.fromEntries(figures.map(({id}, i) => [id, places[i]]));
    const item = {docid: "charts", roots, root_ids: Object.keys(roots)};
    const managers = await Bokeh.embed.embed_items({charts: doc}, [item]);
    for (const {roots} of managers) for (const {model} of roots) drawn.add(model.document);
  }

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
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
  function entry({colour, label, drawn_by}) {
    const button = element("button", {type: "button", "aria-pressed": "true"},
      swatch(colour), own(label));
    button.addEventListener("click", () => {
      const visible = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(visible));
      for (const doc of drawn) {
        for (const id of drawn_by) doc.get_model_by_id(id)?.setv({visible});
      }
    });
    return element("li", {}, button);
  }

  // What is drawn of a piece of evidence: where it is, the point that decided, the noise.
  function told(axis, {start, end, point, noise}) {
    const short = (value) => Number(value.toPrecision(4));
    const span = short(start) === short(end) ? "" : ` to ${short(end)}`;
    const ring = point ? `; ringed: ${short(point[1])} at ${axis} ${short(point[0])}` : "";
    const band = noise ? `; band: the noise of the curve, ± ${short(noise)}` : "";
    return `${axis} ${short(start)}${span}${ring}${band}`;
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

  async function drawGroup(place) {
    const charts = all.groups[place.dataset.charts];
    if (!charts) return;
    const figures = chartFigures(all, charts, place.closest("details.run") !== null);
    const slots = charts.map(({id}) => element("div", {class: id === "rate" ? "chart low" : "chart"}));
    place.replaceChildren(...charts.map((chart, i) => element(
      "figure", {}, element("figcaption", {}, own(chart.title)), legend(chart), slots[i])));
    await embed(figures, slots);
  }

  async function draw(place) {
    watcher.unobserve(place);
    if (place.dataset.drawn) return;
    place.dataset.drawn = "begun";
    if (place.dataset.charts === "overview") {
      await embed([overviewFigure(all)], [place]);
    } else {
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
  unfold();

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => {
    if (document.querySelector("details.run")) return; // as many as that are printed as they stand
    places.filter(({dataset}) => !dataset.drawn).forEach(draw);
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
})();

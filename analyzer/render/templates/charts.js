// Draws the charts when they come into view, and paints axes and grids in the colours of the page.
(() => {
  "use strict";
  const groups = JSON.parse(document.getElementById("chart-data").textContent);
  const style = getComputedStyle(document.documentElement);
  const drawn = [];

  function paint(doc) {
    const axis = style.getPropertyValue("--axis").trim();
    const grid = style.getPropertyValue("--grid").trim();
    for (const model of doc.all_models) {
      if (model.type.endsWith("Axis")) {
        model.setv({
          axis_line_color: axis, major_tick_line_color: axis,
          major_label_text_color: axis, axis_label_text_color: axis,
        });
      } else if (model.type === "Grid") {
        model.setv({grid_line_color: grid});
      }
    }
  }

  async function draw(name) {
    const {document: doc, roots} = groups[name];
    const item = {docid: name, roots, root_ids: Object.keys(roots)};
    const managers = await Bokeh.embed.embed_items({[name]: doc}, [item]);
    for (const manager of managers) {
      for (const view of manager.roots) {
        drawn.push(view.model.document);
        paint(view.model.document);
      }
    }
  }

  const waiting = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) {
      if (isIntersecting && waiting.has(target)) show(target);
    }
  }, {rootMargin: "400px"});

  function show(place) {
    const name = waiting.get(place);
    waiting.delete(place);
    watcher.unobserve(place);
    draw(name);
  }

  for (const place of document.querySelectorAll("[data-charts]")) {
    waiting.set(place, place.dataset.charts);
    watcher.observe(place);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(paint));
  addEventListener("beforeprint", () => {
    for (const place of [...waiting.keys()]) show(place);
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
})();

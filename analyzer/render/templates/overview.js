// The chart of all runs, and the way from a line of it to its run.

const NEAR = 12; // pixels from a line that still mean it

// The main metric of all runs: one glyph for all lines, since each glyph costs milliseconds.
function overviewFigure(all) {
  const {lines, x_label, y_label} = all.overview;
  const points = all.overview.points = lines.map(all.points);
  const data = source({
    xs: points.map(({x}) => x), ys: points.map(({y}) => y), run: lines.map(({name}) => name),
    colour: lines.map(({worst}) => all.colours[worst] ?? all.quiet),
  });
  const width = lines.length > 100 ? 1 : 1.6;
  const look = {line_color: field("colour"), line_width: fixed(width)};
  const many = renderer(data, model("MultiLine", {xs: field("xs"), ys: field("ys"), ...look}));
  const dots = points.filter(({y}) => y.filter(Number.isFinite).length <= FEW);
  const colours = data.attributes.data.entries.find(([key]) => key === "colour")[1];
  const single = dots.flatMap((one) => {
    const colour = colours[points.indexOf(one)];
    return Array.from(one.x, (x, i) => ({x, y: one.y[i], colour}));
  });
  const few = renderer(
    source({
      x: single.map(({x}) => x), y: single.map(({y}) => y),
      colour: single.map(({colour}) => colour),
    }),
    dotsOf({size: fixed(5), fill_color: field("colour"), line_color: field("colour")}),
  );
  const hover = hoverOver([many], [["", "@run"], [x_label, "$snap_x"], ["value", "$snap_y{%.4g}"]]);
  return figure({
    x_label, y_label, height: HEIGHTS.overview, x_range: model("DataRange1d"),
    renderers: [many, few], annotations: [], hover,
  });
}

// How far a point lies from a line through the points of a curve, all in pixels.
function distance(px, py, {x, y}, across, down) {
  let least = Infinity;
  for (let i = 0; i < x.length; i++) {
    const bx = across(x[i]) - px, by = down(y[i]) - py;
    if (!Number.isFinite(by)) continue;
    const ax = i ? across(x[i - 1]) - px : bx, ay = i ? down(y[i - 1]) - py : by;
    const wide = bx - ax, high = by - ay, length = wide * wide + high * high;
    const share = length ? Math.min(1, Math.max(0, -(ax * wide + ay * high) / length)) : 1;
    const near = Math.hypot(ax + share * wide, ay + share * high);
    if (near < least) least = near; // NaN, beside a gap, never is
  }
  return least;
}

// The run whose line is nearest to where the chart was clicked; of equals the one drawn on top.
function runAt(all, chart, {x, y}) {
  const unit = (pixels, {start, end}) => (value) => pixels * (value - start) / (end - start);
  const across = unit(chart.inner_width, chart.x_range);
  const down = unit(chart.inner_height, chart.y_range);
  const [px, py] = [across(x), down(y)];
  let found = null, least = NEAR;
  for (const [i, points] of all.overview.points.entries()) {
    const away = distance(px, py, points, across, down);
    if (away <= least) [found, least] = [all.overview.lines[i].anchor, away];
  }
  return found;
}

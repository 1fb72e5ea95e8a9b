// Charts as Bokeh documents, in the form that Bokeh itself writes them as JSON.

let ids = 0;
const FEW = 12;
const HEIGHTS = {rate: 130, overview: 280};

function model(name, attributes = {}) {
  return {type: "object", name, id: `m${++ids}`, attributes};
}

const field = (name) => ({type: "field", field: name});
const fixed = (value) => ({type: "value", value});

function source(columns) {
  const entries = Object.entries(columns).map(([key, values]) => [key, listed(values)]);
  return model("ColumnDataSource", {
    selected: model("Selection"), selection_policy: model("UnionRenderers"),
    data: {type: "map", entries},
  });
}

function listed(values) {
  return Array.from(values, (value) => {
    if (typeof value === "object") return listed(value);
    return Number.isNaN(value) ? {type: "number", value: "nan"} : value;
  });
}

function renderer(data, glyph, more = {}) {
  const view = model("CDSView", {filter: model("AllIndices")});
  return model("GlyphRenderer", {data_source: data, view, glyph, ...more});
}

const lineOf = (look) => model("Line", {x: field("x"), y: field("y"), ...look});
const dotsOf = (look) => model("Scatter", {x: field("x"), y: field("y"), ...look});

// The colours that the page gives to axes and grids; they change with its theme.
let axisColours, gridColours;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = style.getPropertyValue("--axis").trim();
  axisColours = {
    axis_line_color: colour, major_tick_line_color: colour,
    major_label_text_color: colour, axis_label_text_color: colour,
  };
  gridColours = {grid_line_color: style.getPropertyValue("--grid").trim()};
}

function axisLook(label) {
  return {
    ...axisColours,
    axis_label: model("PlainText", {text: label}), axis_label_text_font_style: "normal",
    axis_label_text_font_size: "12px", major_label_text_font_size: "12px",
    minor_tick_line_color: null, major_label_policy: model("AllLabels"),
  };
}

function xAxisOf(label) {
  const whole = label === "epoch" || label === "step";
  const ticks = {mantissas: [1, 2, 5], ...(whole ? {min_interval: 1, num_minor_ticks: 0} : {})};
  return model("LinearAxis", {
    ticker: model("BasicTicker", ticks), formatter: model("BasicTickFormatter"),
    ...axisLook(label),
  });
}

function yAxisOf(label, log, height, range) {
  const desired_num_ticks = Math.max(3, Math.floor(height / 45));
  const ticker = log
    ? model("LogTicker", {num_minor_ticks: 10, mantissas: [1, 5], desired_num_ticks})
    : model("BasicTicker", {mantissas: [1, 2, 5], desired_num_ticks});
  const large = range && Math.max(...range.map(Math.abs)) >= 1e6; // else all digits are written
  const format = large ? (log ? "%.0e" : "%.2e") : "%.4g";
  const formatter = model("PrintfTickFormatter", {format});
  return model(log ? "LogAxis" : "LinearAxis", {ticker, formatter, ...axisLook(label)});
}

// A figure as wide as its element; the page colours axes and grid by its theme. Bokeh's own toolbar
// takes a third of the time of a figure and no keyboard: the page has buttons instead.
function figure({x_label, y_label, height, range, log, x_range, renderers, annotations, hover}) {
  const xAxis = xAxisOf(x_label), yAxis = yAxisOf(y_label, log, height, range);
  const zoom = model("BoxZoomTool");
  return model("Figure", {
    height, sizing_mode: "stretch_width", x_range,
    y_range: range ? model("Range1d", {start: range[0], end: range[1]}) : model("DataRange1d"),
    x_scale: model("LinearScale"), y_scale: model(log ? "LogScale" : "LinearScale"),
    title: model("Title"), renderers, left: [yAxis], below: [xAxis],
    center: [
      model("Grid", {axis: {id: xAxis.id}, ...gridColours}),
      model("Grid", {dimension: 1, axis: {id: yAxis.id}, ...gridColours}), ...annotations,
    ],
    toolbar: model("Toolbar", {logo: null, tools: [zoom, hover], active_drag: {id: zoom.id}}),
    toolbar_location: null, output_backend: "canvas",
    background_fill_color: null, border_fill_color: null, outline_line_color: null,
    min_border_left: 72, min_border_right: 10,
  });
}

function hoverOver(lines, tooltips) {
  return model("HoverTool", {
    renderers: lines.map(({id}) => ({id})), tooltips, line_policy: "nearest",
    formatters: {type: "map", entries: [["@y", "printf"], ["$snap_y", "printf"]]},
  });
}

// A curve; with dots where it has few points, so that a single one can be seen and asked.
function curveRenderers(all, curve, data) {
  const points = source(all.points(curve));
  const look = {line_color: curve.colour};
  if (curve.faint) return [renderer(points, lineOf({...look, line_width: 0.7, line_alpha: 0.35}))];
  const made = [renderer(points, lineOf({...look, line_width: 1.8}), {name: curve.label})];
  if (all.array(curve.y).filter(Number.isFinite).length <= FEW) {
    const dots = dotsOf({...look, size: fixed(5), fill_color: curve.colour});
    made.push(renderer({id: points.id}, dots, {name: curve.label}));
  }
  data.asked.push(made[made.length - 1]);
  if (curve.crosses) {
    const [x, y] = [0, 1].map((i) => curve.crosses.map((point) => point[i]));
    const look = {size: fixed(9), line_width: 2, line_color: all.colours.error};
    made.push(renderer(source({x, y}), dotsOf({...look, marker: fixed("x")})));
  }
  return made;
}

// Where the repetitions of one training run.
function bandRenderer(all, band) {
  const [low, high] = [band.low, band.high].map((y) => all.points({x: band.x, y}));
  const fill = {fill_color: band.colour, fill_alpha: 0.18};
  const area = model("VArea", {x: field("x"), y1: field("y1"), y2: field("y2"), ...fill});
  return renderer(source({x: low.x, y1: low.y, y2: high.y}), area);
}

// A shaded span with its number in the legend, the limit, and a ring around the point.
function drawMark(all, mark, number, height, renderers, annotations) {
  const colour = all.colours[mark.severity];
  const half = mark.start === mark.end ? 0.5 : 0;
  const [left, right] = [mark.start - half, mark.end + half];
  annotations.push(model("BoxAnnotation", {
    left, right, fill_color: colour, fill_alpha: 0.12, line_color: null,
  }));
  if ("limit" in mark) {
    const ends = source({x: [left, right], y: [mark.limit, mark.limit]});
    renderers.push(renderer(ends, lineOf({line_color: colour, line_dash: [6]})));
  }
  if (mark.point) {
    const at = source({x: [mark.point[0]], y: [mark.point[1]]});
    const ring = {size: fixed(13), fill_color: fixed(null), line_color: colour, line_width: 2};
    renderers.push(renderer(at, dotsOf(ring)));
  }
  annotations.push(model("Label", {
    x: left, y: height - 66 - 14 * (number - 1), y_units: "screen", x_offset: 4,
    text: String(number), text_color: colour, text_font_size: "12px",
  }));
}

// The noise that the evidence was measured by, as a band around its curve within the span.
function noiseBand(all, chart, mark) {
  const curve = chart.curves.find(({name}) => name === mark.series);
  if (!curve || !mark.noise) return [];
  const {x, y} = all.points(curve);
  const inside = Array.from(x, (at, i) => i).filter(
    (i) => x[i] >= mark.start && x[i] <= mark.end && Number.isFinite(y[i]));
  const least = chart.log ? chart.range[0] : -Infinity;
  const data = source({
    x: inside.map((i) => x[i]),
    y1: inside.map((i) => Math.max(y[i] - mark.noise, least)),
    y2: inside.map((i) => y[i] + mark.noise),
  });
  const look = {fill_color: curve.colour, fill_alpha: 0.25};
  return [renderer(data, model("VArea", {x: field("x"), y1: field("y1"), y2: field("y2"), ...look}))];
}

function chartFigure(all, chart, x_range) {
  const height = HEIGHTS[chart.id] ?? 220;
  const renderers = [], annotations = [], data = {asked: []};
  chart.marks.forEach((mark, i) => drawMark(all, mark, i + 1, height, renderers, annotations));
  for (const band of chart.bands ?? []) renderers.push(bandRenderer(all, band));
  renderers.push(...chart.marks.flatMap((mark) => noiseBand(all, chart, mark)));
  for (const faint of [true, false]) {
    for (const curve of chart.curves) {
      if (Boolean(curve.faint) !== faint) continue;
      const made = curveRenderers(all, curve, data);
      curve.drawn_by = made.map(({id}) => id);
      renderers.push(...made);
    }
  }
  if (chart.best) {
    annotations.push(model("Span", {
      location: chart.best[0], dimension: "height", line_dash: [2, 4],
      line_color: all.quiet, line_width: 1.5,
    }));
  }
  const hover = hoverOver(data.asked, [["", "$name"], [chart.x_label, "@x"], ["value", "@y{%.4g}"]]);
  return figure({...chart, height, x_range, renderers, annotations, hover});
}

// What charts over one kind of x show of it: all of their curves, and a little room.
function extent(all, charts) {
  let start = Infinity, end = -Infinity;
  const take = (x) => {
    start = Math.min(start, x);
    end = Math.max(end, x);
  };
  for (const {x, y, low} of charts.flatMap(({curves, bands = []}) => [...curves, ...bands])) {
    if ("of" in x) all.array(x.of).filter(Number.isFinite).forEach(take);
    else [x.first, x.first + all.lengths[y ?? low] - 1].forEach(take);
  }
  if (start > end) return {start: 0, end: 1};
  const room = 0.03 * (end - start) || 0.5;
  return {start: start - room, end: end + room};
}

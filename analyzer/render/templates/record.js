// What else is known of one of many runs: unpacked when the first of them is opened.
let records;

async function recordOf(data, anchor) {
  records ??= unzipped(data.records).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  const {texts, runs} = await records;
  const {environment, checkpoints, weights, best, events, told} = runs[anchor] ?? {};
  const code = (text) => element("code", {}, element("bdi", {}, text));
  const soft = (text) => element("p", {class: "soft small"}, element("bdi", {}, text));
  const some = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  function table(head, rows) {
    const line = (name, cells) => element("tr", {}, ...cells.map((cell) => element(name, {}, cell)));
    const top = head ? [element("thead", {}, line("th", head))] : [];
    return element("table", {class: "plain"}, ...top,
      element("tbody", {}, ...rows.map((cells) => line("td", cells))));
  }

  const folded = (summary, ...parts) => element("details", {}, element("summary", {}, summary), ...parts);
  const shown = (rows, all) => rows.length < all ? [soft(`${rows.length} of ${all} are shown.`)] : [];

  const made = [];
  if (environment) {
    made.push(folded("Environment", table(
      null, environment.map(([key, value]) => [code(texts[key]), code(texts[value])]))));
  }
  if (checkpoints) {
    const rows = weights.map(([file, epoch, value, there]) => [code(texts[file]), epoch, value, texts[there]]);
    const words = best === undefined ? [] : [soft(texts[best])];
    made.push(folded(some(checkpoints, "checkpoint"), ...words,
      table(["File", "Epoch", "Main metric", "Size"], rows), ...shown(rows, checkpoints)));
  }
  if (events) {
    const rows = told.map(([file, line, kind, text]) => [
      code(`${texts[file]}:${line}`), texts[kind], code(texts[text])]);
    made.push(folded(`${some(events, "event")} in the logs`,
      table(["Line", "Kind", "Text"], rows), ...shown(rows, events)));
  }
  return made;
}

// Sorts, filters and searches the table of all runs; without scripts it stands as it was written.
(() => {
  const table = document.querySelector("table.runs");
  const tools = document.querySelector(".tools");
  if (!table || !tools) return;
  const MOST = 100; // rows at once: a browser needs half a second to lay out a thousand
  const body = table.tBodies[0];
  const given = [...body.rows];
  const texts = new Map(given.map(
    (row) => [row, `${row.textContent} ${row.dataset.rules}`.toLowerCase()]));
  const more = document.getElementById("more");
  let rows = given, most = MOST;
  const search = document.getElementById("search");
  const verdict = document.getElementById("verdict");
  const severity = document.getElementById("severity");
  const order = document.getElementById("order");
  const said = document.getElementById("shown");
  const words = new Intl.Collator("en", {numeric: true});

  function show() {
    const asked = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
      const fits = asked.every((word) => texts.get(row).includes(word))
        && (!verdict.value || row.dataset.verdict === verdict.value)
        && (!severity.value || row.dataset.severity === severity.value);
      row.hidden = !fits || found >= most;
      found += fits;
    }
    said.textContent = found === rows.length ? "" : `${found} of ${rows.length} runs`;
    more.hidden = found <= most;
    more.textContent = `Show all ${found} (${most} are shown)`;
  }

  function showAll() {
    most = Infinity;
    show();
  }

  // A number where the cell gives one; a run without it comes last in either order.
  function sort(column, down) {
    const head = table.tHead.rows[0].cells;
    const texty = head[column].dataset.sort === "text";
    const value = (row) => {
      const cell = row.cells[column];
      return texty ? cell.textContent : cell.dataset.value ? Number(cell.dataset.value) : NaN;
    };
    const keyed = given.map((row, i) => ({row, i, key: value(row)}));
    const sign = down ? -1 : 1;
    keyed.sort((a, b) => {
      if (texty) return sign * words.compare(a.key, b.key) || a.i - b.i;
      const gone = Number.isNaN(a.key) - Number.isNaN(b.key);
      return gone || sign * (a.key - b.key) || a.i - b.i;
    });
    rows = keyed.map(({row}) => row);
    body.append(...rows);
    show();
    for (const cell of head) cell.removeAttribute("aria-sort");
    head[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    order.value = `${column} ${down ? "down" : "up"}`;
  }

  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    if (!head.dataset.sort) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    // The first click brings up what is asked for most: names from a, numbers from the highest.
    const first = head.dataset.sort === "down";
    for (const down of [first, !first]) {
      const option = document.createElement("option");
      option.value = `${column} ${down ? "down" : "up"}`;
      option.textContent = `${button.textContent}, ${down ? "descending" : "ascending"}`;
      order.append(option);
    }
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      sort(column, now ? now === "ascending" : first);
    });
  }
  for (const field of [search, verdict, severity]) field.addEventListener("input", show);
  order.addEventListener("input", () => {
    const [column, way] = order.value.split(" ");
    sort(Number(column), way === "down");
  });
  more.addEventListener("click", showAll);
  addEventListener("beforeprint", showAll);
  tools.hidden = false;
  show();
})();

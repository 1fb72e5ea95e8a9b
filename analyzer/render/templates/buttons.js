// What can be done with a chart besides dragging in it: buttons beside its title.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The chart as it stands, on the ground of the page.
async function savePicture(view, name) {
  const drawn = view.export("png").canvas;
  const picture = element("canvas", {width: drawn.width, height: drawn.height});
  const pen = picture.getContext("2d");
  pen.fillStyle = getComputedStyle(document.body).backgroundColor;
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.drawImage(drawn, 0, 0);
  const blob = await new Promise((done) => picture.toBlob(done));
  const link = element("a", {href: URL.createObjectURL(blob), download: `${name}.png`});
  link.click();
  URL.revokeObjectURL(link.href);
}

// For the chart that is to be drawn in ``slot``; ``embed`` puts its view there.
function chartButtons(slot) {
  const button = (text, act) => {
    const made = element("button", {type: "button"}, text);
    made.addEventListener("click", () => { if (slot.view) act(slot.view, made); });
    return made;
  };
  return element("span", {class: "acts"},
    button("Reset zoom", (view) => view.reset()),
    button("Save picture", (view, {parentElement}) => savePicture(
      view, parentElement.previousElementSibling.textContent)));
}

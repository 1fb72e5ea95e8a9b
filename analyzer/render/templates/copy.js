// A button beside each patch copies it as text.
for (const place of document.querySelectorAll("div.diff")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = [...place.querySelectorAll("pre span")].map((line) => line.textContent);
    try {
      await navigator.clipboard.writeText(`${text.join("\n")}\n`);
      button.textContent = "Copied";
    } catch { // a browser that forbids it: what is chosen can be copied by hand
      getSelection().selectAllChildren(place.querySelector("pre"));
      button.textContent = "Selected";
    }
  });
  place.append(button);
}

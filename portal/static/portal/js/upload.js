// A file field that also takes dropped files, and that says at once when a file is too large to be sent.
for (const drop of document.querySelectorAll("[data-upload]")) {
  const input = drop.querySelector("input[type=file]");
  const state = drop.parentElement.querySelector("[data-upload-state]");
  const limit = Number(drop.dataset.maxBytes);

  const stop = (event) => {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover" || event.type === "dragenter");
  };
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) drop.addEventListener(name, stop);

  drop.addEventListener("drop", (event) => {
    const files = new DataTransfer();
    for (const file of event.dataTransfer.files) if (input.multiple || files.items.length === 0) files.items.add(file);
    input.files = files.files;
    report();
  });
  input.addEventListener("change", report);

  function report() {
    const kept = new DataTransfer();
    const lines = [];
    for (const file of input.files) {
      const size = file.size < 1048576 ? `${Math.ceil(file.size / 1024)} kB` : `${(file.size / 1048576).toFixed(1)} MB`;
      if (file.size > limit) lines.push(["error", `${file.name}（${size}）${drop.dataset.tooLarge}`]);
      else {
        kept.items.add(file);
        lines.push(["hint", `${drop.dataset.chosen}：${file.name}（${size}）`]);
      }
    }
    if (kept.files.length !== input.files.length) input.files = kept.files;
    state.replaceChildren(...lines.map(([kind, text]) => Object.assign(document.createElement("p"), { className: kind, textContent: text })));
  }
}

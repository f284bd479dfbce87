// Says how many readings stand in a box, while they are typed.
for (const box of document.querySelectorAll("textarea.readings")) {
  const line = Object.assign(document.createElement("p"), { className: "readings-count" });
  const count = () => {
    const many = box.value.split(/[\n\t;；]/).filter((text) => text.trim()).length;
    line.textContent = many ? `${many} 个读数` : "";
  };
  box.after(line);
  box.addEventListener("input", count);
  document.addEventListener("draft", count);
  count();
}

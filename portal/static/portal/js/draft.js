// Keeps what is typed into a long form in this browser until the server has taken it: a closed window loses nothing.
for (const done of document.querySelectorAll("[data-draft-done]")) forget(`draft:${done.dataset.draftDone}`);
for (const form of document.querySelectorAll("form[data-draft]")) keep(form);

function keep(form) {
  const key = `draft:${form.dataset.draft}`;
  const line = form.querySelector("[data-draft-line]");
  const fields = [...form.elements].filter(
    (field) => field.name && field.name !== "csrfmiddlewaretoken" && field.matches("input:not([type=file], [type=hidden]), select, textarea"),
  );
  const first = JSON.stringify(values());
  // A form that came back with errors holds what was typed already.
  if (!form.querySelector("[aria-invalid=true]") && !document.querySelector(".refused, .errors")) recall();
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);

  function values() {
    return Object.fromEntries(fields.map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));
  }

  function remember() {
    try {
      localStorage.setItem(key, JSON.stringify(values()));
      say("填的内容已存在这台电脑上，关掉窗口也不会丢");
    } catch {
      say("这个浏览器不能保存草稿，请一次填完并登记");
    }
  }

  function recall() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      forget(key);
    }
    if (!kept || JSON.stringify(kept) === first) return;
    fill(kept);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn small", textContent: "不要这些，重新填" });
    button.addEventListener("click", () => {
      fill(JSON.parse(first));
      forget(key);
      say("");
    });
    say("找回了上次没有登记的内容　", button);
  }

  function fill(kept) {
    for (const field of fields) {
      if (!(field.name in kept)) continue;
      if (field.type === "checkbox") field.checked = kept[field.name];
      else field.value = kept[field.name];
    }
    document.dispatchEvent(new CustomEvent("draft"));
  }

  function say(...words) {
    line?.replaceChildren(...words);
  }
}

function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Without storage there is nothing to forget.
  }
}

// The search box of the top bar is a form: without this it opens the page of results. Here they come while one types.
const form = document.querySelector("[data-find]");
if (form) enliven(form);

function enliven(form) {
  const input = form.querySelector("input");
  const box = form.querySelector("[data-find-box]");
  const found = box.querySelector("[data-find-found]");
  const foot = box.querySelector("[data-find-count]");
  let timer = 0;
  let asked = null;

  const hits = () => [...box.querySelectorAll("[data-hit]")];
  const close = () => {
    box.hidden = true;
  };
  const open = () => {
    box.hidden = false;
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      const page = form.offsetParent ? input : document.querySelector("main input[name=q]");
      if (!page) return;
      event.preventDefault();
      page.focus();
      page.select();
    }
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) close();
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
  });

  // Regulators' looks are recorded one by one: for them only what is sent off counts as one.
  if (form.dataset.find === "live") {
    input.addEventListener("input", () => later());
    input.addEventListener("compositionend", () => later());
    input.addEventListener("focus", () => {
      if (asked !== null && asked === input.value.trim() && asked.length > 1) open();
    });
  }

  form.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      if (box.hidden) return;
      event.stopPropagation();
      input.focus();
      close();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || box.hidden) return;
    event.preventDefault();
    const links = hits();
    const place = links.indexOf(document.activeElement) + step;
    (place < 0 ? input : (links[place] ?? links.at(-1) ?? input)).focus();
  });

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, 220);
  }

  async function ask() {
    const text = input.value.trim();
    if (text === asked) return text.length > 1 ? open() : undefined;
    asked = text;
    if (text.length < 2) return close();
    try {
      const answer = await fetch(`${form.action}?${new URLSearchParams({ q: text, part: "1" })}`, {
        credentials: "same-origin",
      });
      if (text !== input.value.trim()) return;
      if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
      found.innerHTML = await answer.text();
      foot.textContent = hits().length ? `${hits().length} 项，↓ 选择，回车看全部` : "回车打开搜索页";
    } catch (error) {
      asked = null;
      found.replaceChildren();
      const slow = error.message === "429" ? "搜得太快了，请稍等一会儿再试。" : "现在联系不上服务器。按回车再试一次。";
      foot.textContent = slow;
    }
    if (form.contains(document.activeElement)) open();
  }
}

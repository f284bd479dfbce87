// Messages: those of the server get a button to close them; scripts send `toast` events with {tone, text}.
const SHAPES = {
  ok: '<circle cx="5" cy="5" r="5"/>',
  due: '<path d="M5 .4L10 9.4H0z"/>',
  bad: '<path d="M.4.4h9.2v9.2H.4z"/>',
  progress: '<path d="M5 0l5 5-5 5-5-5z"/>',
};

function closable(notice) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "close";
  button.setAttribute("aria-label", "关闭");
  button.textContent = "✕";
  button.addEventListener("click", () => notice.remove());
  notice.append(button);
}

document.querySelectorAll("[data-toast]").forEach(closable);

document.addEventListener("toast", ({ detail: { tone = "progress", text } }) => {
  const notice = document.createElement("div");
  notice.className = `notice ${tone}`;
  notice.innerHTML = `<svg class="shape" viewBox="0 0 10 10" aria-hidden="true">${SHAPES[tone]}</svg>`;
  const sentence = document.createElement("p");
  sentence.className = "grow";
  sentence.textContent = text;
  notice.append(sentence);
  closable(notice);
  document.querySelector("[data-toasts]")?.append(notice);
  if (tone === "ok") setTimeout(() => notice.remove(), 6000);
});

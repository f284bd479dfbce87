// Counting with a phone: what is typed or seen by the camera is sent at once, and the answer stays on the page.
// Without script the same form answers with a whole page.
import { watch } from "./scanner.js";

const box = document.querySelector("[data-counting]");
const part = (name) => box.querySelector(`[data-${name}]`);
const form = part("count-form"), input = form.elements.text, answer = part("answer"), keep = part("keep");
const latest = document.querySelector("[data-latest]");
let busy = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(input.value, event.submitter === keep);
});

async function send(text, isKept = false) {
  if (busy || !text.trim()) return;
  busy = true;
  const body = new FormData(form);
  body.set("text", text);
  if (isKept) body.set("keep", "1");
  try {
    const reply = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const said = await reply.json();
    tell(said.tone || "bad", said.title || "没有记下", said.text || said.message);
    if (said.figures) figures(said.figures);
    keep.hidden = !said.can_be_kept;
    if (said.kept) remember(said);
    if (!said.can_be_kept && reply.ok) input.value = "";
    else input.value = text;
    navigator.vibrate?.(said.tone === "ok" ? 60 : [60, 60, 60]);
  } catch {
    input.value = text;
    tell("bad", "没有送到", "网络不通，内容还在输入框里。等有信号时再点“盘到”。");
  }
  busy = false;
}

function tell(tone, title, text) {
  answer.className = `count-answer ${tone}`;
  const [head, line] = [document.createElement("b"), document.createElement("small")];
  head.textContent = title;
  line.textContent = text;
  answer.firstElementChild.replaceChildren(head, line);
}

function figures(now) {
  for (const [name, count] of Object.entries(now)) box.querySelector(`[data-count="${name}"]`).textContent = count;
  part("count-bar").max = now.found + now.missing;
  part("count-bar").value = now.found;
}

function remember(said) {
  const line = document.createElement("li"), name = document.createElement("span"), note = document.createElement("small");
  const dot = latest.parentElement.querySelector(`template[data-dot="${said.tone}"]`).content.cloneNode(true);
  name.textContent = said.title;
  note.textContent = said.text;
  line.append(dot, name, note);
  if (said.line_url) {
    const back = document.createElement("a");
    back.className = "btn small";
    back.href = said.line_url;
    back.textContent = "撤回";
    line.append(back);
  }
  latest.prepend(line);
  while (latest.children.length > 12) latest.lastElementChild.remove();
}

// What others count meanwhile.
setInterval(async () => {
  if (document.hidden || busy) return;
  try {
    const reply = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
    if (reply.ok) figures((await reply.json()).figures);
  } catch {
    // The next scan says so if the network is away for good.
  }
}, 5000);

watch({ button: part("camera"), label: part("camera-label"), hint: part("camera-hint"), viewer: part("viewer"), video: part("video"), found: send });

// Keeps what is typed until the server has it: first in this browser, then on the server, resent after any break.
import { askReason, paint, status } from "./sheetview.js";

const RETRY = 8000;

export class Keeper {
  constructor(form, cells) {
    Object.assign(this, { form, cells, waiting: new Map(), sending: null, timer: 0, asking: false });
    this.store = `sheet:${form.dataset.sheet}`;
    for (const cell of cells) {
      cell.dataset.was = cell.previousElementSibling.textContent;
      cell.dataset.saved = cell.hasAttribute("aria-invalid") ? cell.dataset.was : cell.value;
    }
    this.recall();
    for (const name of ["online", "focus"]) window.addEventListener(name, () => this.send());
    window.addEventListener("beforeunload", (event) => {
      if (this.waiting.size && !this.remembered) event.preventDefault();
    });
  }

  id = (cell) => `${cell.point}-${cell.key}`;
  input = (cell) => this.form.querySelector(`[name="r-${cell.point}-${cell.key}"]`);

  changed(input, mode = "typed", reason = "") {
    const { point, key, saved } = input.dataset;
    const known = this.waiting.get(`${point}-${key}`);
    // `seen` lets the server notice that somebody else changed the cell in the meantime.
    const cell = { point: Number(point), key, text: input.value, mode, reason, seen: known ? known.seen : saved };
    if (!known && !reason && input.value === input.dataset.saved) return this.restore(input);
    if (known && known.text === cell.text && known.reason === reason) return;
    this.waiting.set(this.id(cell), cell);
    this.remember();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), 250);
  }

  restore(input) {
    input.value = input.dataset.saved;
    const cell = { point: input.dataset.point, key: input.dataset.key };
    this.waiting.delete(this.id(cell));
    this.remember();
    paint(this.form, input, { ...cell, state: "saved", text: input.value, was: input.dataset.was });
  }

  // A change stays in this browser until the server has answered for it.
  remember() {
    try {
      if (this.waiting.size) localStorage.setItem(this.store, JSON.stringify([...this.waiting.values()]));
      else localStorage.removeItem(this.store);
      this.remembered = true;
    } catch {
      this.remembered = false;
    }
  }

  recall() {
    let kept = [];
    try {
      kept = JSON.parse(localStorage.getItem(this.store) || "[]");
    } catch {
      localStorage.removeItem(this.store);
    }
    for (const cell of kept) {
      const input = this.input(cell);
      if (!input || input.value === cell.text) continue;
      input.value = cell.text;
      this.waiting.set(this.id(cell), cell);
    }
    if (!this.waiting.size) return this.remember();
    status(this.form, "due", `找回 ${this.waiting.size} 格上次没有存上的内容，正在补存`);
    this.send();
  }

  async send() {
    clearTimeout(this.timer);
    if (this.sending || this.asking || !this.waiting.size) return;
    const cells = [...this.waiting.values()];
    status(this.form, "due", "正在保存");
    // The same batch keeps its key when it is sent again, so that the server books it once.
    const batch = JSON.stringify(cells);
    if (this.batch !== batch) Object.assign(this, { batch, key: newKey() });
    this.sending = this.post(batch);
    try {
      const answer = await this.sending;
      if (answer) this.take(answer, cells);
    } catch {
      this.later("due", "网络中断，内容保存在本机，恢复后自动补存");
    } finally {
      this.sending = null;
    }
    if (this.waiting.size && !this.asking && this.timer === 0) this.send();
  }

  async post(batch, again = false) {
    const token = this.form.querySelector("[name=csrfmiddlewaretoken]");
    const answer = await fetch(this.form.dataset.saveUrl, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": token.value,
        "Idempotency-Key": this.key,
      },
      body: `{"cells":${batch}}`,
    });
    if (answer.status === 401 || answer.type === "opaqueredirect") {
      this.later("bad", "登录已过期，内容保存在本机", [this.form.dataset.loginUrl, "在新窗口登录"]);
    } else if (answer.status === 403 && !again && (await this.freshToken(token))) {
      return this.post(batch, true);
    } else if (answer.headers.get("Content-Type")?.includes("json") && answer.status < 500) {
      const body = await answer.json();
      if (Array.isArray(body.cells)) return body;
      this.later("bad", body.message || "服务器没有接受，内容保存在本机");
    } else {
      this.later("bad", `服务器没有接受（${answer.status}），内容保存在本机，稍后自动再试`);
    }
    return null;
  }

  // After a new login the page's token is stale; a fresh copy of the page brings a new one.
  async freshToken(token) {
    const page = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    const value = fresh.querySelector("form[data-sheet] [name=csrfmiddlewaretoken]")?.value;
    if (value) token.value = value;
    return Boolean(value);
  }

  later(tone, text, link) {
    status(this.form, tone, text, link);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.send();
    }, RETRY);
  }

  take(answer, sent) {
    this.timer = 0;
    this.batch = "";
    const unexplained = [];
    for (const cell of answer.cells) {
      const input = this.input(cell);
      const mine = sent.find((one) => this.id(one) === this.id(cell));
      const latest = this.waiting.get(this.id(cell));
      if (latest && mine && latest.text === mine.text && latest.reason === mine.reason) this.waiting.delete(this.id(cell));
      if (!input) continue;
      if (cell.state === "saved") Object.assign(input.dataset, { saved: cell.text, was: cell.was ?? input.dataset.was });
      else if (cell.was) input.dataset.saved = cell.was;
      if (cell.state === "needs_reason") unexplained.push({ ...cell, mode: mine?.mode ?? "typed" });
      if (this.waiting.has(this.id(cell))) continue;
      if (cell.state === "saved" && document.activeElement !== input) input.value = cell.text;
      paint(this.form, input, cell);
    }
    this.remember();
    this.show(answer);
    if (unexplained.length) this.explain(unexplained);
  }

  show({ panel, summary, saved_at: savedAt, derived = [] }) {
    const target = document.getElementById(this.form.dataset.panel);
    if (panel && target) target.innerHTML = panel;
    if (summary) this.form.querySelector("[data-sheet-summary]").textContent = summary;
    for (const value of derived) {
      const cell = this.form.querySelector(`[data-derived="${value.point}-${value.key}"]`);
      if (cell && value.html !== undefined) cell.innerHTML = value.html;
      else if (cell) cell.textContent = value.text;
    }
    if (savedAt) status(this.form, "ok", `已存于服务器 ${savedAt}`);
  }

  async explain(cells) {
    this.asking = true;
    for (const cell of cells) {
      const input = this.input(cell);
      const reason = await askReason(cell, input);
      if (reason) this.changed(input, cell.mode, reason);
      else this.restore(input);
    }
    this.asking = false;
    this.send();
  }
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Long work lives on the server. This asks how far it is until it ends, slower while the network is away.
for (const work of document.querySelectorAll("[data-progress-url]")) follow(work);

function follow(work) {
  const part = (name) => work.querySelector(`[data-progress-${name}]`);
  const bar = work.querySelector("progress");
  let pause = 1000;

  async function ask() {
    try {
      const answer = await fetch(work.dataset.progressUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
      pause = 1000;
    } catch {
      pause = Math.min(pause * 2, 30000);
      part("text").textContent = "暂时联系不上服务器，工作仍在进行，稍后自动再问。";
    }
    if (!work.matches(".done, .failed")) setTimeout(ask, pause);
  }

  function show(job) {
    bar.max = job.total;
    bar.value = job.done;
    const count = part("count");
    if (count) count.textContent = `${job.done} / ${job.total}`;
    if (part("text").textContent !== job.text) part("text").textContent = job.text;
    work.classList.remove("running", "done", "failed");
    work.classList.add(job.state);
    if (!job.result_url) return;
    const link = part("result");
    link.href = job.result_url;
    link.textContent = job.result_label || "打开结果";
    link.hidden = false;
  }

  setTimeout(ask, pause);
}

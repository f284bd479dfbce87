// The camera as a reader of QR codes: the browser's own BarcodeDetector where there is one, else the vendored jsQR.
const PAUSE = 180; // between two looks, in milliseconds
const AGAIN = 3000; // the same code is taken once in this time

// The button opens and closes the camera; `found` is called with the text of each code that comes into view.
export function watch({ button, label, hint, viewer, video, found }) {
  if (!navigator.mediaDevices?.getUserMedia) return;
  const opened = label.textContent;
  let stream = null;
  button.hidden = false;
  button.addEventListener("click", () => (stream ? close() : open()));

  async function open() {
    hint.hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    } catch {
      hint.textContent = "相机打不开：请在浏览器里允许使用相机。键入编号一样可以盘。";
      hint.hidden = false;
      return;
    }
    video.srcObject = stream;
    viewer.hidden = false;
    label.textContent = "关闭相机";
    await video.play();
    look(await reader(), stream);
  }

  function close() {
    for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
    viewer.hidden = true;
    label.textContent = opened;
  }

  async function look(read, mine) {
    let last = "", at = 0;
    while (stream === mine) {
      const text = video.videoWidth ? await read(video) : "";
      if (text && (text !== last || Date.now() - at > AGAIN)) {
        [last, at] = [text, Date.now()];
        found(text);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

// A function that gives the text of a code in the picture, or "".
async function reader() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.().catch(() => [])) || [];
  if (formats.includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue || "";
  }
  const { decode } = await import("../vendor/jsqr.min.js");
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const shrunk = Math.min(1, 800 / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * shrunk);
    canvas.height = Math.round(video.videoHeight * shrunk);
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    return decode(picture.data, picture.width, picture.height, { inversionAttempts: "dontInvert" })?.data || "";
  };
}

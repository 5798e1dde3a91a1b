// Codes from a camera or a picture: the browser's own detector where it has one, else ours in a worker.

const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
// A photo of 12 megapixels says no more about a code than one of three.
const PICTURE_SIDE_MAX = 2000;

/** Reads codes from pictures. `makeWorker` returns the worker of the decoder, or null where there is none. */
export class Decoder {
  constructor(makeWorker) {
    this.makeWorker = makeWorker;
    this.waiting = new Map();
    this.number = 0;
  }

  /** Get ready while nothing else happens. */
  async warm() {
    if (this.native === undefined) this.native = await nativeDetector();
    if (this.native !== null || this.worker !== undefined) return;
    this.worker = this.makeWorker();
    if (this.worker === null) return;
    this.worker.onmessage = ({ data }) => this.settle(data.id, data);
    this.worker.onerror = () => {
      for (const id of [...this.waiting.keys()]) this.settle(id, { fault: "worker" });
      this.worker = null;
    };
  }

  settle(id, answer) {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  /** Return the text of the code in a picture; empty when there is none, null where pictures cannot be read here. */
  async read(source) {
    await this.warm();
    try {
      if (this.native !== null) return (await this.native.detect(source))[0]?.rawValue ?? "";
    } catch {
      this.native = null; // it is there, and what it needs of the system is not
      await this.warm();
    }
    if (this.worker === null) return null;
    const picture = await createImageBitmap(source);
    const id = (this.number += 1);
    const answer = await new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker.postMessage({ id, picture }, [picture]);
    });
    return answer.fault === undefined ? answer.text : null;
  }

  /** Return the text of the code in a picture file, as `read` does; null also for what is no picture. */
  async readFile(file) {
    try {
      const whole = await createImageBitmap(file);
      const scale = Math.min(1, PICTURE_SIDE_MAX / Math.max(whole.width, whole.height));
      if (scale === 1) return await this.read(whole);
      const size = { resizeWidth: Math.round(whole.width * scale), resizeHeight: Math.round(whole.height * scale) };
      const small = await createImageBitmap(whole, { ...size, resizeQuality: "high" });
      return (await this.read(small)) || (await this.read(whole));
    } catch {
      return null;
    }
  }
}

async function nativeDetector() {
  try {
    const formats = await BarcodeDetector.getSupportedFormats();
    return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  } catch {
    return null;
  }
}

/** A camera that looks until a code is found, `stop` is called, or the page is hidden. */
export class Camera {
  constructor(video, decoder) {
    this.video = video;
    this.decoder = decoder;
    this.stream = null;
    this.turn = 0;
  }

  /** Return the text of the first code, empty when somebody stopped. Raises what the browser says of its camera. */
  async look(deviceId, onTip, tipMs) {
    this.stop();
    const { turn } = this;
    try {
      const stream = await opened(deviceId);
      if (turn === this.turn) return await this.lookInto(stream, onTip, tipMs);
      end(stream); // somebody pressed "stop" while the browser asked whether it may
    } catch (error) {
      if (turn === this.turn) throw error;
    }
    return "";
  }

  async lookInto(stream, onTip, tipMs) {
    this.stream = stream;
    this.video.srcObject = stream;
    const tip = setTimeout(onTip, tipMs);
    try {
      await this.video.play();
      while (this.stream === stream) {
        await nextFrame(this.video);
        if (this.stream !== stream) break;
        if (stream.getVideoTracks()[0].readyState === "ended") throw new DOMException("unplugged", "NotReadableError");
        if (this.video.readyState < 2) continue;
        const text = await this.decoder.read(this.video);
        if (text && this.stream === stream) return text;
        if (text === null) throw new DOMException("no decoder", "NotSupportedError");
      }
      return "";
    } finally {
      clearTimeout(tip);
      if (this.stream === stream) this.release();
    }
  }

  stop() {
    this.turn += 1;
    this.release();
  }

  release() {
    if (this.stream !== null) end(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  get canLight() {
    return Boolean(this.stream?.getVideoTracks()[0]?.getCapabilities?.().torch);
  }

  async light(isOn) {
    await this.stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [{ torch: isOn }] });
  }
}

/** Open a camera: that one where it is there, else one that looks away from the clerk. */
async function opened(deviceId) {
  const wanted = (which) => navigator.mediaDevices.getUserMedia({ video: { ...which, ...SIZE }, audio: false });
  try {
    if (deviceId) return await wanted({ deviceId: { exact: deviceId } });
  } catch (error) {
    if (error.name !== "OverconstrainedError") throw error;
  }
  return wanted({ facingMode: "environment" });
}

function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** Return the cameras of this device, as far as the browser tells. */
export async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((each) => each.kind === "videoinput" && each.deviceId !== "");
}

function nextFrame(video) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 250); // a camera that gives no frames must not hold us
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(go);
    else requestAnimationFrame(go);
  });
}

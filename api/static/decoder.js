// Worker: reads the QR code in a picture, with the decoder in the folder that is the worker's name: what stands behind
// `#` in its address is lost when the service worker hands it out.

const folder = self.name;
const ready = import(`${folder}reader/index.js`).then((module) => {
  module.prepareZXingModule({ overrides: { locateFile: (name) => `${folder}${name}` }, fireImmediately: true });
  return module;
});
const OPTIONS = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 };

let canvas = null;

self.onmessage = async ({ data: { id, picture } }) => {
  try {
    const module = await ready;
    const { width, height } = picture;
    if (canvas === null || canvas.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    picture.close();
    const found = await module.readBarcodes(context.getImageData(0, 0, width, height), OPTIONS);
    self.postMessage({ id, text: found.find((each) => each.isValid !== false)?.text ?? "" });
  } catch (error) {
    self.postMessage({ id, fault: error.name });
  }
};

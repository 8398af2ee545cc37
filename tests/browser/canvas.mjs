// Runs inside the page: reads the clock's blocks off the video through a canvas, at the time the frame was shown.

// Serialised into the page by playwright: nothing from outside the function may be used.
export async function blocksOfCanvas(everyMs) {
  const columns = 32;
  const rows = 3;
  const block = 8; // pixels of the canvas per block and direction
  const { houseNow } = await import('/player/clock.js');
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  canvas.width = columns * block;
  canvas.height = rows * block;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const readings = [];
  window.forebayClock = readings;
  let next = 0;

  const mean = (pixels, row, column) => {
    let sum = 0;
    for (let y = block / 4; y < (block * 3) / 4; y += 1) {
      for (let x = block / 4; x < (block * 3) / 4; x += 1) {
        sum += pixels[((row * block + y) * canvas.width + column * block + x) * 4 + 1];
      }
    }
    return sum / (block / 2) ** 2;
  };

  const onFrame = (now, frame) => {
    if (now >= next) {
      next = now + everyMs;
      const shownMs = houseNow() - (performance.now() - frame.presentationTime);
      const { videoWidth: width, videoHeight: height } = video;
      pen.drawImage(video, width * 0.1, height * 0.72, width * 0.8, height * 0.15, 0, 0, canvas.width, canvas.height);
      const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
      const blocks = [];
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) blocks.push(mean(pixels, row, column));
      }
      readings.push({ blocks, atMs: shownMs, toldMs: window.forebay.stats().latencyMs });
    }
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
}

// Takes a YUV4MPEG2 stream (4:2:0, 8 bit) apart into luma planes, as its bytes arrive.

// One header or frame line; more without a line break is not YUV4MPEG2.
const LINE_MAX = 256;

export class Pictures {
  constructor(onPicture) {
    this.onPicture = onPicture;
    this.chunks = [];
    this.length = 0;
    this.size = null;
    this.body = 0; // bytes of the picture that is awaited; 0 while a line is
  }

  feed(bytes) {
    this.chunks.push(bytes);
    this.length += bytes.length;
    while (this.body ? this.takePicture() : this.takeLine());
  }

  takePicture() {
    if (this.length < this.body) return false;
    const picture = this.take(this.body);
    this.body = 0;
    const { width, height } = this.size;
    this.onPicture(picture.subarray(0, width * height), width, height);
    return true;
  }

  takeLine() {
    const all = this.joined();
    const end = all.indexOf(10);
    if (end < 0) {
      if (all.length > LINE_MAX) throw new Error('not a YUV4MPEG2 stream');
      return false;
    }
    const line = this.take(end + 1).toString('latin1').trim();
    if (line.startsWith('YUV4MPEG2')) this.size = { width: Number(/ W(\d+)/.exec(line)[1]), height: Number(/ H(\d+)/.exec(line)[1]) };
    else if (line.startsWith('FRAME') && this.size) this.body = (this.size.width * this.size.height * 3) / 2;
    else throw new Error(`not a YUV4MPEG2 stream: ${line.slice(0, 40)}`);
    return true;
  }

  joined() {
    if (this.chunks.length !== 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0];
  }

  take(count) {
    const all = this.joined();
    this.chunks = [all.subarray(count)];
    this.length -= count;
    return all.subarray(0, count);
  }
}

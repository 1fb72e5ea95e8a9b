// Unpacks the numbers of the page; packing.py says how they are packed.
"use strict";

async function unzipped(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// All arrays, one after the other: whole numbers, NaN for a gap.
function wholeNumbers(bytes, lengths) {
  const made = new Float64Array(lengths.reduce((sum, length) => sum + length, 0));
  let place = 0, index = 0;
  for (const length of lengths) {
    let last = 0;
    for (const end = index + length; index < end; index++) {
      let code = 0, unit = 1, byte;
      do {
        byte = bytes[place++];
        code += (byte & 127) * unit;
        unit *= 128;
      } while (byte > 127);
      if (code === 0) {
        made[index] = NaN;
      } else {
        const zigzag = code - 1;
        last += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
        made[index] = last;
      }
    }
  }
  return made;
}

async function unpacked(data) {
  const [charts, bytes] = await Promise.all([unzipped(data.charts), unzipped(data.numbers)]);
  const made = JSON.parse(new TextDecoder().decode(charts));
  const whole = wholeNumbers(new Uint8Array(bytes), made.lengths);
  const starts = [];
  made.lengths.reduce((sum, length) => (starts.push(sum), sum + length), 0);
  made.array = (i) => {
    const part = whole.slice(starts[i], starts[i] + made.lengths[i]);
    const exponent = made.exponents[i];
    if (exponent === null) return part.map((value) => 10 ** (value / 1e4));
    const unit = 10 ** Math.abs(exponent);
    return part.map(exponent < 0 ? (value) => value / unit : (value) => value * unit);
  };
  made.points = ({x, y}) => {
    const ys = made.array(y);
    return {x: "of" in x ? made.array(x.of) : ys.map((_, i) => x.first + i), y: ys};
  };
  return made;
}

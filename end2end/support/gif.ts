// Small GIFs of one colour per frame, made here: an animation when there are several.

export type Colour = readonly [red: number, green: number, blue: number];

export const RED: Colour = [220, 20, 20];
export const GREEN: Colour = [20, 160, 20];
export const BLUE: Colour = [20, 20, 220];

const SIZE = 64;
/** With 7-bit colours, codes are 8 bits wide as long as the table is cleared in time: plain bytes, no real LZW. */
const CLEAR = 128;
const END = 129;
const RUN = 100;

export function gif(colours: readonly Colour[], size = SIZE): Buffer {
  const palette = Buffer.alloc(128 * 3);
  colours.forEach((colour, index) => palette.set(colour, index * 3));
  const header = Buffer.concat([Buffer.from("GIF89a"), words(size, size), Buffer.from([0b1111_0110, 0, 0]), palette]);
  const loop = Buffer.concat([Buffer.from([0x21, 0xff, 11]), Buffer.from("NETSCAPE2.0"), Buffer.from([3, 1, 0, 0, 0])]);
  const frames = colours.map((_, index) => {
    const control = Buffer.from([0x21, 0xf9, 4, 0, 20, 0, 0, 0]);
    const place = Buffer.concat([Buffer.from([0x2c]), words(0, 0, size, size), Buffer.from([0])]);
    return Buffer.concat([control, place, Buffer.from([7]), blocks(pixels(index, size * size)), Buffer.from([0])]);
  });
  return Buffer.concat([header, ...(colours.length > 1 ? [loop] : []), ...frames, Buffer.from([0x3b])]);
}

export function dataUri(image: Buffer): string {
  return `data:image/gif;base64,${image.toString("base64")}`;
}

function pixels(colour: number, count: number): Buffer {
  const codes: number[] = [];
  for (let done = 0; done < count; done += RUN) codes.push(CLEAR, ...Array<number>(Math.min(RUN, count - done)).fill(colour));
  return Buffer.from([...codes, END]);
}

function blocks(data: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const part = data.subarray(at, at + 255);
    parts.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat(parts);
}

function words(...numbers: number[]): Buffer {
  const buffer = Buffer.alloc(numbers.length * 2);
  numbers.forEach((number, index) => buffer.writeUInt16LE(number, index * 2));
  return buffer;
}

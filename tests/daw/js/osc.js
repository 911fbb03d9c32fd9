"use strict";
// OSC as a host sends and hears it: whole numbers as i, others as f, text as s. https://opensoundcontrol.stanford.edu/spec-1_0.html

function padded(text) {
  const bytes = Buffer.from(text + "\0", "utf8");
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

exports.encode = (address, values) => {
  const parts = [];
  let types = ",";
  for (const value of values) {
    const bytes = Buffer.alloc(4);
    if (typeof value === "string") {
      types += "s";
      parts.push(padded(value));
      continue;
    }
    if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError(`OSC has no ${value}`);
    if (Number.isInteger(value)) bytes.writeInt32BE(value);
    else bytes.writeFloatBE(value);
    types += Number.isInteger(value) ? "i" : "f";
    parts.push(bytes);
  }
  return Buffer.concat([padded(address), padded(types), ...parts]);
};

function text(bytes, at) {
  const end = bytes.indexOf(0, at);
  return [bytes.toString("utf8", at, end), at + (Math.floor((end - at) / 4) + 1) * 4];
}

exports.decode = function decode(bytes) {
  const [address, start] = text(bytes, 0);
  if (address === "#bundle") {
    const found = [];
    for (let at = 16; at < bytes.length; ) {
      const size = bytes.readInt32BE(at);
      found.push(...decode(bytes.subarray(at + 4, at + 4 + size)));
      at += 4 + size;
    }
    return found;
  }
  let [types, at] = text(bytes, start);
  const values = [];
  for (const type of types.slice(1)) {
    if (type === "s") {
      let value;
      [value, at] = text(bytes, at);
      values.push(value);
    } else if (type === "i" || type === "f") {
      values.push(type === "i" ? bytes.readInt32BE(at) : bytes.readFloatBE(at));
      at += 4;
    } else throw new TypeError(`unknown OSC type ${type}`);
  }
  return [{ address, values, types: types.slice(1) }];
};

// A small run from JavaScript: Node 18 or later, no packages.
const url = process.env.AGNEZ_URL ?? "http://localhost:3000";

async function send(method, path, body) {
  const reply = await fetch(url + path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`${method} ${path}: ${answer.message}`);
  return answer;
}

// With upsert the cell is made when it is not there; an empty value restarts the line.
await send("PATCH", "/values/javascript-loss?upsert=true", { board: "javascript", type: "line", name: "Loss", value: [] });

let train;
for (let step = 0; step < 50; step++) {
  train = Math.exp(-step / 12);
  const val = train + step / 500;
  await send("POST", "/values/javascript-loss/points", { train: [[step, train]], val: [[step, val]] });
}

const value = `50 steps, train loss **${train.toFixed(4)}**`;
await send("PATCH", "/values/javascript-note?upsert=true", { board: "javascript", type: "text", name: "About this run", value });

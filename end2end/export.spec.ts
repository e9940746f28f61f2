// A board as one file, opened from disk: it has what the page shows, and its charts are zoomed without a server.
import { writeFileSync } from "node:fs";

import { GREEN, gif } from "./support/gif.ts";
import { expect, test } from "./support/test.ts";

/** Its script has lines: a comment ends with its own. */
const FIGURE = `<p>a figure</p><div style='height:700px'></div>
<script>
// what it says
document.querySelector("p").textContent += " with a script"
document.title = ""
</script>`;

test("a board is a file that needs no server", async ({ page, agnez, problems }, info) => {
  problems.allow(/request to another place: file:/);
  const train = Array.from({ length: 101 }, (_, step) => 1 / (step + 1));
  await agnez.call("POST", "/values", { _id: "loss", type: "line", name: "Loss", value: { series: { train } } });
  await agnez.call("POST", "/values", { _id: "fig", type: "html", name: "Figure", value: FIGURE });
  await agnez.call("POST", "/values", { _id: "note", type: "text", name: "Notes", value: "Some **bold** text" });
  await agnez.call("POST", "/values", { _id: "img", type: "img", name: "Picture", value: `data:image/gif;base64,${gif([GREEN]).toString("base64")}` });
  const file = info.outputPath("board.html");
  writeFileSync(file, (await agnez.call("GET", "/boards/main/export.html")).body);
  await agnez.end();

  await page.goto(`file://${file}`);
  await expect(page.frameLocator("iframe[title=Figure]").locator("p")).toHaveText("a figure with a script");
  // Frames are as high as what is in them.
  await expect.poll(async () => (await page.locator("iframe[title=Figure]").boundingBox())?.height).toBeGreaterThan(700);
  await expect(page.frameLocator("iframe[title=Notes]").locator("strong")).toHaveText("bold");
  expect(await page.locator("article img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);

  const chart = page.locator("[data-zooms]");
  const steps = async () => (await chart.locator("svg > svg > text[text-anchor=middle]").allTextContents()).map(Number);
  const isWhole = async () => Math.min(...(await steps())) === 0 && Math.max(...(await steps())) >= 80;
  expect(await isWhole()).toBe(true);
  const box = await chart.boundingBox();
  if (!box) throw new Error("no chart");
  // A drag over the middle third.
  await page.mouse.move(box.x + box.width / 3, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + (2 * box.width) / 3, box.y + 100, { steps: 3 });
  await page.mouse.up();
  const zoomed = await steps();
  expect(Math.min(...zoomed)).toBeGreaterThan(25);
  expect(Math.max(...zoomed)).toBeLessThan(75);
  await page.mouse.dblclick(box.x + box.width / 2, box.y + 100);
  expect(await isWhole()).toBe(true);
  await chart.focus();
  await page.keyboard.press("+");
  expect(Math.max(...(await steps()))).toBeLessThan(80);
  await page.keyboard.press("0");
  await chart.hover();
  await page.mouse.wheel(0, -600);
  await expect.poll(async () => Math.max(...(await steps()))).toBeLessThan(100);

  // A chart that has no focus lets the page scroll, unless the key is held.
  await page.reload();
  await chart.hover();
  await page.mouse.wheel(0, -100);
  await page.mouse.wheel(0, 300);
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
  expect(await isWhole()).toBe(true);
});

test("a figure with too many libraries is left out of the file, and another is not", async ({ agnez }) => {
  const script = "<script src=\"https://d3js.org/d3.v5.min.js\"></script>\n";
  await agnez.call("POST", "/values", { _id: "many", type: "html", name: "Many", value: script.repeat(1000) });
  await agnez.call("POST", "/values", { _id: "one", type: "html", name: "One", value: script });
  const { text } = await agnez.call("GET", "/boards/main/export.html");
  expect(text).toContain("This figure loads libraries at 1000 places; with all of them it is too large for a file.");
  expect(text.split("data:text/javascript;base64,")).toHaveLength(2);
  expect(text.length).toBeLessThan(2 << 20);
});

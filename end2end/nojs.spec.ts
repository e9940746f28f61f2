// JavaScript off: everything can be read.
import { dataUri, gif, RED } from "./support/gif.ts";
import { cell, cells, figure, frame, notes, picture, stage, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test.use({ javaScriptEnabled: false });

test.beforeEach(({ problems }) => {
  // What would wake the page is not fetched: that is the point.
  problems.allow(/failed request: GET .*\/pkg\/.*\.js: csp/);
});

test("the board can be read", async ({ page, agnez }) => {
  const made: { _id: string }[] = await agnez.create([
    { name: "figure", type: "html", value: "<h1>drawn without a script</h1>", pos: 0, description: "its note" },
    { name: "picture", type: "img", value: dataUri(gif([RED])), pos: 1, description: "a red square" },
    { name: "text", type: "log", value: "line 1\nline 2", pos: 2 },
    { name: "", type: "img", value: [], pos: 3 },
  ]);
  await page.goto("/");
  await expect(cells(page)).toHaveCount(4);
  const [first, second, third, fourth] = made.map(({ _id }) => cell(page, _id));

  await expect(title(first!)).toContainText("figure");
  await expect(notes(first!)).toContainText("its note");
  await expect(figure(first!).getByRole("heading", { name: "drawn without a script" })).toBeVisible();
  expect((await frame(first!).boundingBox())?.height).toBeGreaterThan(100);

  await expect(notes(second!)).toContainText("a red square");
  await expect(picture(second!)).toBeVisible();
  await expect(picture(second!)).toHaveAttribute("alt", "picture");
  await expect.poll(async () => (await picture(second!).boundingBox())?.height ?? 0).toBeGreaterThan(30);

  await expect(stage(third!)).toContainText("line 1");
  await expect(title(fourth!)).toContainText("untitled");
  // Playwright's own text matching passes <noscript> over.
  await expect(page.locator("noscript")).toBeVisible();
  expect(await page.locator("noscript").evaluate((element) => element.textContent)).toContain("need JavaScript");
  await expect(page.getByRole("button", { name: "Add cell" }), "a button that cannot work is not offered").toBeHidden();
});

test("the empty board says how to begin", async ({ page, agnez }) => {
  await page.goto("/");
  await expect(page.getByText(`curl ${agnez.url}/values`)).toBeVisible();
});

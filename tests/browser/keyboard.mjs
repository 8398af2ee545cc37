// A page used by its keyboard alone.

const TABS_MAX = 120;

// Moves the focus on until it is there.
export async function reach(page, locator) {
  await locator.waitFor();
  const there = () => locator.evaluate((element) => element === document.activeElement);
  for (let n = 0; n < TABS_MAX && !(await there()); n += 1) await page.keyboard.press('Tab');
  if (!(await there())) throw new Error(`the keyboard does not reach ${locator}`);
}

export async function press(page, locator, key = 'Enter') {
  await reach(page, locator);
  await page.keyboard.press(key);
}

// In place of what stands there.
export async function type(page, locator, text) {
  await reach(page, locator);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}
